"use strict";
/* What NumPy does in Python. An image is { h, w, v }: v has h × w doubles, row by row. Sums are in
   order from the first number, as in mnist_nn/images. */

function sumOf(values) {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum;
}

function rangeOf(values) {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i]);
    high = Math.max(high, values[i]);
  }
  return [low, high];
}

function zeros(h, w) {
  return { h, w, v: new Float64Array(h * w) };
}

function each({ h, w, v }, change) {
  const result = zeros(h, w);
  for (let i = 0; i < h * w; i++) result.v[i] = change(v[i]);
  return result;
}

function transposed({ h, w, v }) {
  const result = zeros(w, h);
  for (let i = 0; i < h; i++) for (let j = 0; j < w; j++) result.v[j * h + i] = v[i * w + j];
  return result;
}

/** Add a border of zeros. */
function padded({ h, w, v }, border) {
  const result = zeros(h + 2 * border, w + 2 * border);
  for (let i = 0; i < h; i++) {
    result.v.set(v.subarray(i * w, (i + 1) * w), (i + border) * result.w + border);
  }
  return result;
}

/** Copy some rows and columns: from a first to an end, which is not included. */
function cut({ h, w, v }, [top, bottom], [left, right]) {
  const result = zeros(bottom - top, right - left);
  for (let i = top; i < bottom; i++) {
    result.v.set(v.subarray(i * w + left, i * w + right), (i - top) * result.w);
  }
  return result;
}

/** Sum each column from top to bottom. */
function down({ h, w, v }) {
  const sums = new Float64Array(w);
  for (let i = 0; i < h; i++) for (let j = 0; j < w; j++) sums[j] += v[i * w + j];
  return sums;
}
