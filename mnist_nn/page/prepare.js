"use strict";
/* Preparation of a drawing as MNIST's digits were prepared: mnist_nn/images/center.py in JavaScript.

   The same functions in the same order with the same arithmetic, so that the numbers are the same,
   and the same constants, which Python writes into the page. */

/** Why there is no digit in an image. */
class NoDigit extends Error {}

/** Prepare a drawing, black on white, of 0 to 255; return 784 numbers: 1 is ink and 0 paper. */
function prepare(grey) {
  const ink = each(grey, (v) => 1 - v / 255);
  return Array.from(centred(fitted(thickened(cropped(ink)))).v);
}

/** Cut out what has ink. */
function cropped(ink) {
  const { h, w, v } = ink;
  let [top, bottom, left, right] = [h, 0, w, 0];
  for (let i = 0; i < h; i++) {
    for (let j = 0; j < w; j++) {
      if (v[i * w + j] === 0) continue;
      [top, bottom] = [Math.min(top, i), i + 1];
      [left, right] = [Math.min(left, j), Math.max(right, j + 1)];
    }
  }
  if (bottom === 0) throw new NoDigit("it is blank: nothing in it stands out");
  if (Math.max(bottom - top, right - left) < SMALLEST) {
    throw new NoDigit(`the digit in it is smaller than ${SMALLEST} pixels`);
  }
  return cut(ink, [top, bottom], [left, right]);
}

/** Widen thin strokes to the width of MNIST's thin ones, or scaling would fade them. */
function thickened(ink) {
  const blot = padded(each(ink, (v) => (v >= 0.5 ? 1 : 0)), 1);
  const outline = changesDown(blot) + changesDown(transposed(blot));
  if (outline === 0) return ink;
  const width = (2 * sumOf(blot.v)) / ((outline * Math.PI) / 4); // it goes around corners
  const reach = Math.floor(((THIN * Math.max(ink.h, ink.w)) / BOX - width) / 2 + 0.5);
  return reach > 0 ? grown(padded(ink, reach), reach) : ink;
}

/** Count where neighbouring rows differ. */
function changesDown({ h, w, v }) {
  let count = 0;
  for (let i = 0; i < (h - 1) * w; i++) count += v[i] === v[i + w] ? 0 : 1;
  return count;
}

/** Scale the longer side to 20 pixels and the other one with it. */
function fitted(ink) {
  const longer = Math.max(ink.h, ink.w);
  const [rows, columns] = [ink.h, ink.w].map((side) =>
    Math.max(1, Math.floor((BOX * side) / longer + 0.5)),
  );
  const result = transposed(resized(transposed(resized(ink, rows)), columns));
  return each(result, (v) => Math.min(v, 1)); // sums are rounded
}

/** Move the digit by whole pixels so that its centre of mass is in the middle. */
function centred(digit) {
  const [top, left] = [down(transposed(digit)), down(digit)].map((sums) => {
    const centre = sumOf(sums.map((v, i) => v * i)) / sumOf(sums);
    const start = Math.floor(CENTRE - centre + 0.5);
    return Math.min(Math.max(start, 0), SIDE - sums.length);
  });
  const result = zeros(SIDE, SIDE);
  for (let i = 0; i < digit.h; i++) {
    const row = digit.v.subarray(i * digit.w, (i + 1) * digit.w);
    result.v.set(row, (top + i) * SIDE + left);
  }
  return result;
}

/** Replace each value by the largest within `reach` pixels up, down and to the sides. */
function grown(values, reach) {
  for (let turn = 0; turn < 2; turn++) {
    const { h, w, v } = values;
    const result = { h, w, v: v.slice() };
    const steps = Math.min(reach, h - 1);
    for (let i = 0; i < h * w; i++) {
      if (v[i] === 0) continue;
      const [row, column] = [Math.floor(i / w), i % w];
      for (let k = Math.max(row - steps, 0); k <= Math.min(row + steps, h - 1); k++) {
        const to = k * w + column;
        result.v[to] = Math.max(result.v[to], v[i]);
      }
    }
    values = transposed(result);
  }
  return values;
}

/** Scale the rows to n: the exact mean over each new row, or straight lines between old ones. */
function resized(ink, n) {
  const h = ink.h;
  const result = zeros(n, ink.w);
  const add = (i, j, share) => {
    for (let k = 0; k < ink.w; k++) result.v[i * ink.w + k] += ink.v[j * ink.w + k] * share;
  };
  for (let i = 0; i < n; i++) {
    if (n <= h) {
      const [start, end] = [(i * h) / n, ((i + 1) * h) / n];
      for (let j = Math.floor(start); j < Math.min(h, Math.ceil(end)); j++) {
        add(i, j, ((Math.min(end, j + 1) - Math.max(start, j)) * n) / h);
      }
    } else {
      const at = Math.min(Math.max(((i + 0.5) * h) / n - 0.5, 0), h - 1);
      const j = h > 1 ? Math.min(Math.floor(at), h - 2) : 0;
      const part = at - j;
      add(i, j, 1 - part);
      add(i, Math.min(j + 1, h - 1), part);
    }
  }
  return result;
}

/** Make an image of bytes, 0 to 255, smaller or larger, for networks that read images as they are. */
function resizedPixels(grey) {
  const [rows, columns] = SHAPE;
  const pixels = INVERT ? each(grey, (v) => 255 - v) : grey;
  const result = transposed(resized(transposed(resized(pixels, rows)), columns));
  return Array.from(result.v, (v) => roundedToEven(v) / 255);
}

/** Round as NumPy does: a half to the even neighbour. */
function roundedToEven(v) {
  const below = Math.floor(v);
  if (v - below === 0.5) return below + (below % 2);
  return Math.round(v);
}
