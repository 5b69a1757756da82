"use strict";
/* The pen turns mouse, touch, stylus and arrow keys into strokes: black lines on white paper.

   A stroke is { width, points: [[x, y], …] } in units of which the paper has SIDE × SIDE. What is
   on it is a list of strokes that is never changed but replaced, so that to undo is to go back to
   the list before. It is drawn twice: finely for the eye, and a pixel per unit for the network. */

const SIDE = 168; // 6 for each of the network's 28 pixels
const FINE = 4; // pixels per unit of what is seen
const KEY_STEP = SIDE / 28;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

class Paper {
  /** `changed()` is called whenever there is something new to draw. */
  constructor(canvas, changed) {
    this.canvas = canvas;
    canvas.width = canvas.height = FINE * SIDE;
    this.seen = canvas.getContext("2d");
    this.seen.scale(FINE, FINE);
    const copy = document.createElement("canvas");
    copy.width = copy.height = SIDE;
    this.read = copy.getContext("2d", { willReadFrequently: true });
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

  /** Take a clean sheet; undo brings the old one back. */
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
    for (const context of [this.seen, this.read]) {
      context.fillStyle = "white";
      context.fillRect(0, 0, SIDE, SIDE);
      for (const stroke of this.strokes) drawStroke(context, stroke);
    }
  }

  /** Read the picture: brightness of 0 to 255. */
  grey() {
    const { data } = this.read.getImageData(0, 0, SIDE, SIDE); // red, green, blue, opacity
    const v = new Float64Array(SIDE * SIDE);
    for (let i = 0; i < v.length; i++) v[i] = data[4 * i];
    return { h: SIDE, w: SIDE, v };
  }
}

/** Draw a smooth line: each point bends the curve between the middles to its neighbours. */
function drawStroke(context, { width, points }) {
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

/** Let pointers draw: mouse, finger or stylus, one at a time. */
function drawWithPointers(paper, penWidth, done) {
  const { canvas } = paper;
  let pointer = null; // the one that draws
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    const scale = SIDE / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || paper.busy) return;
    pointer = event.pointerId;
    canvas.setPointerCapture(pointer); // the line goes on when it leaves the paper
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

/** Let keys draw: arrows move a mark over the paper, space puts the pen down or lifts it. */
function drawWithKeys(paper, mark, penWidth, done) {
  let at = [SIDE / 2, SIDE / 2];
  let down = false;
  const lift = () => {
    if (!down) return;
    down = false;
    paper.end();
    done();
  };
  const show = () => {
    mark.style.left = `${(100 * at[0]) / SIDE}%`;
    mark.style.top = `${(100 * at[1]) / SIDE}%`;
    mark.classList.toggle("down", down);
  };
  const move = ([dx, dy]) => {
    at = [at[0] + dx * KEY_STEP, at[1] + dy * KEY_STEP].map((v) => Math.min(Math.max(v, 0), SIDE));
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
    event.preventDefault(); // neither scrolls the page
    show();
  });
  paper.canvas.addEventListener("blur", () => {
    lift();
    show();
  });
  show();
}
