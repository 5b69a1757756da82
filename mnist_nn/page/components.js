"use strict";
/* Connected components of a mask (8-connectivity): mnist_nn/images/components.py in JavaScript. */

/** Label the components of a mask; return the label of each pixel, and the area of each. */
function label({ h, w, v }) {
  const labels = new Int32Array(h * w); // 0 outside, 1 to n in the components
  const areas = [];
  for (let first = 0; first < h * w; first++) {
    if (!v[first] || labels[first]) continue;
    const queue = [first];
    labels[first] = areas.push(0);
    while (queue.length) {
      const at = queue.pop();
      areas[labels[first] - 1] += 1;
      for (const near of neighbours(at, h, w)) {
        if (!v[near] || labels[near]) continue;
        labels[near] = labels[first];
        queue.push(near);
      }
    }
  }
  return [labels, areas];
}

function neighbours(at, h, w) {
  const [row, column] = [Math.floor(at / w), at % w];
  const found = [];
  for (let i = Math.max(row - 1, 0); i <= Math.min(row + 1, h - 1); i++) {
    for (let j = Math.max(column - 1, 0); j <= Math.min(column + 1, w - 1); j++) {
      found.push(i * w + j);
    }
  }
  return found;
}
