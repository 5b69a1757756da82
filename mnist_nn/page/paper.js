"use strict";
/* Detection of a piece of paper in an image: mnist_nn/images/paper.py in JavaScript. A drawing may
   look like one: a rectangle with something in it. */

/** Return the rows and columns of a piece of paper with something on it; null if there is none. */
function findPaper(image) {
  const { h, w } = image;
  if (Math.min(h, w) < SMALLEST_PAPER) return null;
  const [down, across] = [stepsDown(image), transposed(stepsDown(transposed(image)))];
  const means = [down, across].map((steps) => sumOf(steps.v) / steps.v.length);
  const least = STEP + (ROUGH * (means[0] + means[1])) / 2;
  // [i][j]: steps between rows i - 1 and i (of columns before j); likewise between columns
  const [rowsBeyond, columnsBeyond] = [beyond(image), beyond(transposed(image))];
  const flat = counted(mask(down, (v, i) => v > least && rowsBeyond.v[i] > least));
  const upright = counted(
    mask(transposed(across), (v, i) => v > least && columnsBeyond.v[i] > least),
  );
  const found = [];
  for (const [top, bottom] of spans(flat)) {
    for (const [left, right] of spans(upright)) {
      const rows = [top, bottom].filter((i) => i > 0 && i < h);
      const columns = [left, right].filter((j) => j > 0 && j < w);
      const sides = sumOf([
        ...rows.map((i) => flat[i][right] - flat[i][left]),
        ...columns.map((j) => upright[j][bottom] - upright[j][top]),
      ]);
      const length = (right - left) * rows.length + (bottom - top) * columns.length;
      const area = (bottom - top) * (right - left);
      if (area < FULL * h * w && sides >= CLOSED * length) {
        found.push([sides / length, area, top, bottom, left, right]);
      }
    }
  }
  found.sort((a, b) => firstDifference(b, a));
  for (const [, , top, bottom, left, right] of found) {
    const [rows, columns] = [[top + MARGIN, bottom - MARGIN], [left + MARGIN, right - MARGIN]];
    if (hasSomething(cut(image, rows, columns), least)) return { rows, columns };
  }
  return null;
}

/** Return the difference of each pixel from the one above it: one row less. */
function stepsDown({ h, w, v }) {
  const result = zeros(h - 1, w);
  for (let i = 0; i < (h - 1) * w; i++) result.v[i] = Math.abs(v[i + w] - v[i]);
  return result;
}

/** Return the changes between rows that are some pixels apart; a thin line makes none. */
function beyond({ h, w, v }) {
  const result = zeros(h - 1, w);
  for (let i = 0; i < h - 1; i++) {
    const [before, after] = [Math.max(i - MARGIN, 0), Math.min(i + 1 + MARGIN, h - 1)];
    for (let j = 0; j < w; j++) {
      result.v[i * w + j] = Math.abs(v[after * w + j] - v[before * w + j]);
    }
  }
  return result;
}

/** Count the steps of each line up to each position; the lines around the image have none. */
function counted({ h, w, v }) {
  const counts = Array.from({ length: h + 2 }, () => new Array(w + 1).fill(0));
  for (let i = 0; i < h; i++) {
    for (let j = 0; j < w; j++) counts[i + 1][j + 1] = counts[i + 1][j] + v[i * w + j];
  }
  return counts;
}

/** Pair the lines with the most steps and the image's edges. */
function spans(counts) {
  const all = counts.map((row) => row[row.length - 1]);
  const most = [...all.keys()].sort((a, b) => all[b] - all[a]).slice(0, CANDIDATES);
  const lines = [...new Set([0, all.length - 1, ...most])].sort((a, b) => a - b);
  const pairs = lines.flatMap((a, k) => lines.slice(k + 1).map((b) => [a, b]));
  return pairs.filter(([a, b]) => b - a >= SMALLEST_PAPER);
}

/** Return whether the sides are even, but for a touching digit, with steps farther in. */
function hasSomething(inside, least) {
  const { h, w, v } = inside;
  const frame = [...v.subarray(0, w), ...v.subarray((h - 1) * w)];
  for (let i = 0; i < h; i++) frame.push(v[i * w], v[i * w + w - 1]); // corners count twice
  const middle = median(frame);
  const even = frame.filter((value) => Math.abs(value - middle) <= Math.max(EVEN, least) / 2);
  const [lowest, highest] = rangeOf(v);
  if (even.length / frame.length < UNTOUCHED || highest - lowest < INK) return false;
  return [inside, transposed(inside)].some((side) => stepsDown(side).v.some((d) => d > least));
}

function median(values) {
  const sorted = Float64Array.from(values).sort();
  const half = sorted.length / 2;
  return (sorted[Math.ceil(half) - 1] + sorted[Math.floor(half)]) / 2;
}

function firstDifference(a, b) {
  const k = a.findIndex((v, i) => v !== b[i]);
  return k < 0 ? 0 : a[k] - b[k];
}
