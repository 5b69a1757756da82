"use strict";
/* The page: strokes -> image -> prepare -> forward -> bars. */

const model = JSON.parse(element("model").textContent);
const network = unpackLayers(model);
const showHidden = buildHidden(network.slice(0, -1));
const last = network[network.length - 1];
const isProbability = last.probability;
const showBars = buildBars(model.classes, last, isProbability ? percent : decimal);
const penWidth = () => Number(element("width").value);
const NOTHING = { x: null, outputs: [], answer: null, problem: "" };
const NOT_FINITE = "the model cannot read images: its outputs are not finite numbers";
let current = NOTHING; // what is shown

/** Return a score for each class, and which is the largest. */
function answerOf(outputs) {
  const scores = outputs.length === 1 ? [1 - outputs[0], outputs[0]] : outputs; // one unit: no, yes
  const best = scores.reduce((k, v, i) => (v > scores[k] ? i : k), 0);
  return { scores, best };
}

/** Classify what is on the paper and show the result. */
function update() {
  paper.draw();
  current = paper.strokes.length ? classify() : NOTHING;
  show();
}

function classify() {
  try {
    const x = METHOD === "mnist" ? prepare(paper.grey()) : resizedPixels(paper.grey()); // (n)
    const outputs = forward(network, normalized(model, x));
    const y = outputs[outputs.length - 1];
    if (!y.every(Number.isFinite)) return { ...NOTHING, problem: NOT_FINITE };
    return { x, outputs, answer: answerOf(y), problem: "" };
  } catch (error) {
    if (!(error instanceof NoDigit)) throw error;
    return { ...NOTHING, problem: error.message };
  }
}

function show() {
  const { x, outputs, answer } = current;
  paintInput(x);
  showHidden.forEach((showLayer, i) => showLayer(x && outputs[i]));
  showBars(answer);
  const best = answer ? model.classes[answer.best] : "?";
  element("best").textContent = best;
  element("best").classList.toggle("words", best.length > 1);
  element("sure").textContent = answerText();
  element("undo").disabled = paper.past.length === 0;
  element("clear").disabled = paper.strokes.length === 0;
}

function answerText() {
  const { answer, problem } = current;
  if (!answer) return problem || "nothing drawn yet";
  const score = answer.scores[answer.best];
  return isProbability ? `${percent(score)} sure` : `with a score of ${decimal(score)}`;
}

/** Tell screen readers, once per stroke and not while it moves. */
function announce() {
  requestAnimationFrame(() => {
    const name = current.answer ? `${model.classes[current.answer.best]}, ` : "";
    element("spoken").textContent = name + answerText();
  });
}

let scheduled = false;
/** Update once per displayed frame at most, however fast the pen moves. */
function updateSoon() {
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(() => {
    scheduled = false;
    update();
  });
}

function undo() {
  paper.undo();
  announce();
}

function clear() {
  paper.clear();
  announce();
}

function onKey(event) {
  const control = event.ctrlKey || event.metaKey;
  if (control && !event.shiftKey && event.key.toLowerCase() === "z") undo();
  else if (!control && (event.key === "Delete" || event.key === "Backspace")) clear();
  else return;
  event.preventDefault();
}

element("title").textContent = document.title = model.title;
element("source").textContent = model.source;
element("sizes").textContent = [network[0].nIn, ...network.map((layer) => layer.units)].join("–");
element("ranked").hidden = model.classes.length <= MOST_BARS;
element("ranked").textContent = `The ${MOST_BARS} with the most of ${model.classes.length} classes.`;
for (const canvas of [element("paper").parentNode, element("input")]) setShape(canvas);
element("width").max = Math.max(24, 1.5 * PEN);
element("width").defaultValue = element("width").value = PEN;
element("scores").hidden = isProbability;
element("apart").hidden = !last.probability || last.activation === "softmax" || last.units === 1;
const paper = new Paper(element("paper"), updateSoon);
drawWithPointers(paper, penWidth, announce);
drawWithKeys(paper, element("mark"), penWidth, announce);
element("undo").addEventListener("click", undo);
element("clear").addEventListener("click", clear);
document.addEventListener("keydown", onKey);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
