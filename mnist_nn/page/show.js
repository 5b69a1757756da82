"use strict";
/* The display: the input, each hidden layer as a field of squares, a bar for each class. */

const GAP = 0.12; // between two squares, as a fraction of one
const MOST_BARS = 12; // of more classes only the best are shown

const element = (id) => document.getElementById(id);
const decimal = (v) => v.toFixed(Math.abs(v) < 100 ? 2 : 0).replace("-", "−");
const short = (v) => decimal(v).replace(/\.00$/, "");
const percent = (v) => `${(100 * v).toFixed(1)} %`;

/** Make an element with a class and children. */
function make(tag, className, ...children) {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...children);
  return made;
}

/** Return a colour of page.css as three numbers: red, green, blue. */
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).split(" ").map(Number);
}

/** Paint the numbers as an image: 0 is black, 1 is white. */
function paintInput(x) {
  const context = element("input").getContext("2d");
  const { width, height } = context.canvas;
  const image = context.createImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    const grey = x ? Math.round(255 * x[i]) : 0;
    image.data.set([grey, grey, grey, 255], 4 * i);
  }
  context.putImageData(image, 0, 0);
}

/** Add each hidden layer; return a function for each, which shows its outputs (or null). */
function buildHidden(layers) {
  return layers.map((layer, i) => {
    const name = `Hidden layer ${i + 1}`;
    const [low, scale, high] = [make("span", ""), make("i", "scale"), make("span", "")];
    scale.classList.toggle("signed", layer.signed);
    const kind = make("span", "kind", `${layer.units} × ${layer.activation.replace("_", " ")}`);
    const legend = make("span", "legend", low, scale, high);
    const canvas = make("canvas", "units");
    canvas.setAttribute("role", "img");
    const caption = make("figcaption", "", make("h2", "", name), kind, legend);
    element("hidden").append(make("figure", "", caption, canvas));
    return (y) => {
      const largest = fullScale(layer, y || [1]);
      low.textContent = layer.signed ? short(-largest) : "0";
      high.textContent = short(largest);
      canvas.setAttribute("aria-label", `${name}: ${y ? summary(y) : "nothing drawn yet"}`);
      paintUnits(canvas, y || new Array(layer.units).fill(0), largest);
    };
  });
}

/** Return the output shown in full colour: 1 or, if there is no bound, the largest. */
function fullScale(layer, y) {
  if (layer.bounded) return 1;
  return y.reduce((largest, v) => Math.max(largest, Math.abs(v)), 1e-9);
}

function summary(y) {
  const [low, high] = [y.reduce((a, b) => Math.min(a, b)), y.reduce((a, b) => Math.max(a, b))];
  const mean = y.reduce((a, b) => a + b) / y.length;
  return `${y.length} outputs from ${short(low)} to ${short(high)}, ${short(mean)} on average`;
}

/** Paint a square for each unit; the farther its output is from 0, the fuller the colour. */
function paintUnits(canvas, y, largest) {
  const columns = 8 * Math.ceil(Math.sqrt(2 * y.length) / 8); // about two to one
  const rows = Math.ceil(y.length / columns);
  const size = Math.min(Math.max(Math.floor(1280 / columns), 4), 48);
  const side = Math.round((1 - GAP) * size); // the rest is the gap
  canvas.width = columns * size - (size - side);
  canvas.height = rows * size - (size - side);
  const context = canvas.getContext("2d");
  const [zero, above, below] = ["--zero", "--above", "--below"].map(colour);
  y.forEach((v, j) => {
    const full = v > 0 ? above : below;
    const strength = Math.min(Math.abs(v) / largest, 1);
    context.fillStyle = `rgb(${zero.map((c, k) => c + strength * (full[k] - c)).join(" ")})`;
    const [column, row] = [j % columns, Math.floor(j / columns)];
    context.fillRect(column * size, row * size, side, side);
  });
}

/** Give an element the shape of the paper, no wider and no higher than a square one would be. */
function setShape(shown) {
  shown.style.setProperty("--share", Math.min(RATIO, 1));
  shown.style.setProperty("--ratio", RATIO);
}

/** Add a bar for each class, or for the best of many; return a function that shows the scores. */
function buildBars(names, layer, write) {
  const many = names.length > MOST_BARS;
  const rows = names.slice(0, many ? MOST_BARS : names.length).map(() => {
    const [name, bar, value] = [make("span", "name"), make("i", "bar"), make("span", "value")];
    const row = make("li", "", name, make("span", "track", bar), value);
    element("bars").append(row);
    return { row, name, bar, value };
  });
  return (answer) => {
    const { scores, best } = answer || { scores: names.map(() => 0), best: -1 };
    const full = fullScale(layer, scores);
    const order = names.map((_, k) => k);
    if (many) order.sort((a, b) => scores[b] - scores[a]);
    rows.forEach(({ row, name, bar, value }, i) => {
      const k = order[i];
      name.textContent = name.title = many && !answer ? "–" : names[k];
      row.classList.toggle("best", k === best);
      bar.style.width = `${(100 * Math.max(scores[k], 0)) / full}%`;
      value.textContent = answer ? write(scores[k]) : "";
    });
  };
}
