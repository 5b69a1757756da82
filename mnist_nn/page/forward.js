"use strict";
/* The forward pass, as mnist_nn/nn has it, for a single sample.

   A layer turns `nIn` numbers into `units`: y = activation(x W + b). A vector is a plain array.
   ACTIVATIONS, the functions by name, is a program of its own, which the page is written with. */

/** e^z / Σ e^z; taking the maximum away first changes nothing, and no exponential exceeds 1. */
function softmax(z) {
  const largest = z.reduce((a, b) => Math.max(a, b));
  const powers = z.map((v) => Math.exp(v - largest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((v) => v / sum);
}

/** Run the network forward; return what each layer puts out, the last one's outputs last. */
function forward(network, x) {
  const outputs = [];
  for (const layer of network) {
    const z = weightedSums(layer, x); // (nIn) · (nIn, units) -> (units)
    x = ACTIVATIONS[layer.activation](z);
    outputs.push(x);
  }
  return outputs;
}

/** z = x W + b. Row i of W is what input i adds to every unit, so an input of 0 is skipped. */
function weightedSums({ W, b, units }, x) {
  const z = b ? Array.from(b) : new Array(units).fill(0);
  for (let i = 0; i < x.length; i++) {
    if (x[i] === 0) continue;
    for (let j = 0; j < units; j++) z[j] += x[i] * W[i * units + j];
  }
  return z;
}

/** Decode the layers' weights, (nIn, units) row by row, and biases, (units) or none. */
function layOut({ layers, dtype }) {
  return layers.map((layer) => ({
    ...layer,
    nIn: layer.n_in,
    W: unpack(layer.W, dtype),
    b: layer.b && unpack(layer.b, dtype),
  }));
}

/** Decode base64 of little-endian floats, which is the order of every processor with a browser. */
function unpack(base64, dtype) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return dtype === "float64" ? new Float64Array(bytes.buffer) : new Float32Array(bytes.buffer);
}
