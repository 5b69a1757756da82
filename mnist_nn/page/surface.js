"use strict";
/* Brightness of the background, as a smooth surface: mnist_nn/images/surface.py in JavaScript. */

/** Fit the background's brightness from two guesses; the one that fits more of the image wins. */
function fitSurface(image) {
  const [border, everywhere] = [borderOf(image), mask(image, () => true)];
  const byBorder = refined(image, border, border);
  const byMode = refined(image, mostFrequent(image), everywhere);
  return misfit(byMode[0]) < misfit(byBorder[0]) ? byMode : byBorder;
}

/** Fit, drop what is far off, and repeat: a plane in the region, then a quadratic anywhere. */
function refined(image, background, region) {
  let [difference, noise] = [image, 1];
  for (const [terms, where] of [[PLANE, region], [POWERS.length, null]]) {
    const close = () => {
      const limit = Math.max(CLIP * noise, 2 * FLOOR);
      return mask(difference, (d) => Math.abs(d) <= limit);
    };
    for (let turn = 0; turn < ROUNDS; turn++) {
      const surface = surfaceOf(image, background, terms);
      difference = each(image, (v, i) => v - surface.v[i]);
      noise = deviation(difference, background);
      const before = background;
      background = where ? mask(close(), (v, i) => v && where.v[i]) : close();
      if (background.v.every((v, i) => v === before.v[i])) break;
    }
    background = close();
  }
  return [difference, Math.max(noise, FLOOR)];
}

function borderOf(image) {
  const { h, w } = image;
  const ring = Math.max(1, Math.floor(Math.min(h, w) / RING));
  const inside = (i, n) => i >= ring && i < n - ring;
  return mask(image, (_, i) => !inside(Math.floor(i / w), h) || !inside(i % w, w));
}

/** Select the pixels in the two neighbouring bins of brightness that hold the most. */
function mostFrequent(image) {
  const bins = each(image, (v) => Math.min(Math.floor(v * BINS), BINS - 1)).v;
  const counts = new Array(BINS).fill(0);
  bins.forEach((bin) => (counts[bin] += 1));
  let best = 0;
  for (let k = 1; k < BINS - 1; k++) {
    if (counts[k] + counts[k + 1] > counts[best] + counts[best + 1]) best = k;
  }
  return mask(image, (_, i) => bins[i] === best || bins[i] === best + 1);
}

/** Sum the distances of the pixels, each at most FAR: ink is far off in any case. */
function misfit(difference) {
  return total(each(difference, (d) => Math.min(Math.abs(d), FAR)));
}

/** Solve the normal equations of least squares over the background. */
function surfaceOf(image, background, terms) {
  const { h, w } = image;
  const x = Float64Array.from({ length: w }, (_, j) => (2 * (j + 0.5)) / w - 1);
  const y = Float64Array.from({ length: h }, (_, i) => (2 * (i + 0.5)) / h - 1);
  const powers = POWERS.slice(0, terms);
  const degree = terms === PLANE ? 1 : 2;
  const sums = moments(background, x, y, 2 * degree);
  const values = moments(each(image, (v, i) => background.v[i] * v), x, y, degree);
  const rows = powers.map(([a, b]) => {
    return [...powers.map(([c, d]) => sums[a + c][b + d]), values[a][b]];
  });
  for (let i = 0; i < terms; i++) rows[i][i] += 1e-9 * sums[0][0] + 1e-12;
  const factors = solved(rows);
  const surface = zeros(h, w);
  factors.forEach((factor, k) => {
    const across = x.map((v) => v ** powers[k][0]);
    const along = y.map((v) => v ** powers[k][1]);
    for (let i = 0; i < h; i++) {
      for (let j = 0; j < w; j++) surface.v[i * w + j] += factor * (across[j] * along[i]);
    }
  });
  return surface;
}

/** Return the sums of values x^a y^b over the image at [a][b], up to the degree. */
function moments(values, x, y, degree) {
  const { h, w } = values;
  const result = Array.from({ length: degree + 1 }, () => new Array(degree + 1).fill(0));
  const weighted = { h, w, v: Float64Array.from(values.v) };
  for (let b = 0; b <= degree; b++) {
    let columns = down(weighted);
    for (let a = 0; a <= degree; a++) {
      result[a][b] = sumOf(columns);
      columns = columns.map((v, j) => v * x[j]);
    }
    for (let i = 0; i < h; i++) for (let j = 0; j < w; j++) weighted.v[i * w + j] *= y[i];
  }
  return result;
}

/** Solve linear equations by Gaussian elimination; the matrix is positive definite. */
function solved(rows) {
  const n = rows.length;
  for (let i = 0; i < n; i++) {
    for (let k = i + 1; k < n; k++) {
      const factor = rows[k][i] / rows[i][i];
      rows[k] = rows[k].map((a, j) => a - factor * rows[i][j]);
    }
  }
  const solution = new Array(n).fill(0);
  for (let i = n - 1; i >= 0; i--) {
    let known = 0;
    for (let k = i + 1; k < n; k++) known += rows[i][k] * solution[k];
    solution[i] = (rows[i][n] - known) / rows[i][i];
  }
  return solution;
}

function deviation(difference, background) {
  const count = sumOf(background.v);
  const squares = total(each(difference, (d, i) => (background.v[i] ? d * d : 0)));
  return count ? Math.sqrt(squares / count) : 0;
}
