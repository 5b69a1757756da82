"use strict";
/* The pen: mouse, touch, stylus and arrow keys draw strokes, black on white paper.

   A stroke is { width, points: [[x, y], …] } in units of which the paper has HIGH × WIDE. The
   list of strokes is never changed but replaced, so that undo restores the previous list. It is
   drawn twice: finely for people, and for the network. A network of digits prepared as MNIST's gets
   all drawings in one size, and with a pen in proportion to them, as MNIST's digits are: with the
   pen that people chose, a digit as small as the pen is wide would be a blot. Other networks get
   all of the paper, one pixel per unit. */

const UNITS = 6 * SIDE; // of the longer side; SIDE and SHAPE are written into the page
const FLATTEST = 8; // times as long as wide: what is flatter is drawn on such paper
const RATIO = Math.min(Math.max(SHAPE[1] / SHAPE[0], 1 / FLATTEST), FLATTEST); // width to height
const HIGH = Math.round(UNITS / Math.max(RATIO, 1));
const WIDE = Math.round(UNITS * Math.min(RATIO, 1));
// units of a pen's width: for MNIST's preparation a usual one, otherwise one and a half pixels
const PEN = METHOD === "mnist" ? 14 : Math.max(12, Math.round((1.5 * UNITS) / Math.max(...SHAPE)));
const FITTED = 120; // pixels of the longer side of a drawing for the network, its pen included
const BREADTH = 1 / 7; // of the pen for the network, as a share of the longer side without the pen
const FINE = 4; // displayed pixels per unit
const KEY_STEP = UNITS / 28;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

class Paper {
  /** `changed()` is called whenever there is something new to draw. */
  constructor(canvas, changed) {
    this.canvas = canvas;
    [canvas.width, canvas.height] = [FINE * WIDE, FINE * HIGH];
    this.display = canvas.getContext("2d");
    const copy = document.createElement("canvas");
    [copy.width, copy.height] = METHOD === "mnist" ? [FITTED + 4, FITTED + 4] : [WIDE, HIGH];
    this.input = copy.getContext("2d", { willReadFrequently: true });
    this.changed = changed;
    this.strokes = [];
    this.past = []; // lists of strokes, the latest last
    this.changed();
  }

  get busy() {
    return Boolean(this.stroke);
  }

  begin(width, point) {
    this.stroke = { width, points: [point] };
    this.replace([...this.strokes, this.stroke]);
  }

  extend(point) {
    this.stroke.points.push(point);
    this.changed();
  }

  end() {
    this.stroke = null;
  }

  undo() {
    if (this.busy || this.past.length === 0) return;
    this.strokes = this.past.pop();
    this.changed();
  }

  /** Remove all strokes; undo restores them. */
  clear() {
    if (this.busy || this.strokes.length === 0) return;
    this.replace([]);
  }

  replace(strokes) {
    this.past.push(this.strokes);
    this.strokes = strokes;
    this.changed();
  }

  draw() {
    const isFitted = METHOD === "mnist" && this.strokes.length > 0;
    drawStrokes(this.display, this.strokes, { ...WHOLE, scale: FINE });
    drawStrokes(this.input, this.strokes, isFitted ? fitting(this.strokes) : WHOLE);
  }

  /** Return the image for the network: brightness of 0 to 255. */
  grey() {
    const { width, height } = this.input.canvas;
    const { data } = this.input.getImageData(0, 0, width, height); // red, green, blue, opacity
    const v = new Float64Array(height * width);
    for (let i = 0; i < v.length; i++) v[i] = data[4 * i];
    return { h: height, w: width, v };
  }
}

const WHOLE = { middle: [WIDE / 2, HIGH / 2], scale: 1 };

/** Return the view of strokes in which they are FITTED pixels long. */
function fitting(strokes) {
  const widest = strokes.reduce((most, { width }) => Math.max(most, width), 0);
  const points = strokes.flatMap((stroke) => stroke.points);
  const spans = [WIDE, HIGH].map((side, axis) => {
    const places = points.map((point) => Math.min(Math.max(point[axis], 0), side));
    return rangeOf(places);
  });
  const length = Math.max(...spans.map(([first, last]) => last - first));
  const isDot = length <= widest / 2; // there is nothing to see but the pen
  const pen = isDot ? widest : BREADTH * length;
  const middle = spans.map(([first, last]) => (first + last) / 2);
  return { middle, scale: FITTED / (length + pen), pen };
}

/** Draw strokes on white paper in a view: a middle, a scale and perhaps a pen of its own. */
function drawStrokes(context, strokes, { middle, scale, pen }) {
  const { width, height } = context.canvas;
  context.save();
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height);
  context.translate(width / 2, height / 2);
  context.scale(scale, scale);
  context.translate(-middle[0], -middle[1]);
  context.beginPath();
  context.rect(0, 0, WIDE, HIGH);
  context.clip();
  for (const { width, points } of strokes) {
    drawStroke(context, pen || width, points);
  }
  context.restore();
}

/** Draw a smooth line: each point bends the curve between the middles to its neighbours. */
function drawStroke(context, width, points) {
  const [first, last] = [points[0], points[points.length - 1]];
  context.lineWidth = width;
  context.lineCap = context.lineJoin = "round";
  context.fillStyle = context.strokeStyle = "black";
  context.beginPath();
  context.arc(...first, width / 2, 0, 2 * Math.PI); // a tap is a dot
  context.fill();
  context.beginPath();
  context.moveTo(...first);
  for (let i = 1; i < points.length - 1; i++) {
    const [x, y] = points[i];
    context.quadraticCurveTo(x, y, (x + points[i + 1][0]) / 2, (y + points[i + 1][1]) / 2);
  }
  context.lineTo(...last);
  context.stroke();
}

/** Draw with pointers: mouse, finger or stylus, one at a time. */
function drawWithPointers(paper, penWidth, done) {
  const { canvas } = paper;
  let pointer = null; // the drawing one
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    const scale = WIDE / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || paper.busy) return;
    pointer = event.pointerId;
    canvas.setPointerCapture(pointer); // the line continues when it leaves the paper
    paper.begin(penWidth(), place(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pointer) return;
    const events = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    for (const one of events.length ? events : [event]) paper.extend(place(one));
  });
  const lift = (event) => {
    if (event.pointerId !== pointer) return;
    pointer = null;
    paper.end();
    done();
  };
  canvas.addEventListener("pointerup", lift);
  canvas.addEventListener("pointercancel", lift);
}

/** Draw with keys: arrows move a mark over the paper, space puts the pen down or lifts it. */
function drawWithKeys(paper, mark, penWidth, done) {
  let at = [WIDE / 2, HIGH / 2];
  let down = false;
  const lift = () => {
    if (!down) return;
    down = false;
    paper.end();
    done();
  };
  const show = () => {
    mark.style.left = `${(100 * at[0]) / WIDE}%`;
    mark.style.top = `${(100 * at[1]) / HIGH}%`;
    mark.classList.toggle("down", down);
  };
  const move = ([dx, dy]) => {
    const within = (v, most) => Math.min(Math.max(v, 0), most);
    at = [within(at[0] + dx * KEY_STEP, WIDE), within(at[1] + dy * KEY_STEP, HIGH)];
    if (down) paper.extend(at);
  };
  const press = () => {
    if (down) return lift();
    if (paper.busy) return; // a pointer is drawing
    down = true;
    paper.begin(penWidth(), at);
  };
  paper.canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in ARROWS) move(ARROWS[event.key]);
    else if (event.key === " ") press();
    else return;
    event.preventDefault(); // do not scroll the page
    show();
  });
  paper.canvas.addEventListener("blur", () => {
    lift();
    show();
  });
  show();
}
