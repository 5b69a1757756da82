"use strict";
/* The forward pass, as mnist_nn/nn/network.py and activations.py have it, for a single sample.

   A layer turns `nIn` numbers into `units`: y = activation(x W + b). A vector is a plain array. */

const LEAK = 0.01; // slope of the leaky ReLU below zero

const ACTIVATIONS = {
  sigmoid: (z) => z.map((v) => 0.5 * Math.tanh(0.5 * v) + 0.5), // 1 / (1 + e^-v), never overflows
  tanh: (z) => z.map(Math.tanh),
  relu: (z) => z.map((v) => Math.max(v, 0)),
  leaky_relu: (z) => z.map((v) => Math.max(v, LEAK * v)),
  identity: (z) => z,
  softmax: softmax,
  step: (z) => z.map((v) => (v > 0 ? 1 : 0)),
};

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

/** Cut the parameters, one vector of all weights and then all biases, into layers. */
function layOut(model) {
  const params = unpack(model.params, model.dtype);
  let weight = 0; // where the next layer's weights begin
  let bias = model.layers.reduce((n, layer) => n + layer.n_in * layer.units, 0);
  return model.layers.map(({ n_in: nIn, units, activation }) => {
    const W = params.subarray(weight, weight + nIn * units); // (nIn, units), row by row
    const b = model.bias ? params.subarray(bias, bias + units) : null; // (units)
    weight += nIn * units;
    bias += units;
    return { nIn, units, activation, W, b };
  });
}

/** Decode base64 of little-endian floats, which is the order of every processor with a browser. */
function unpack(base64, dtype) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return dtype === "float64" ? new Float64Array(bytes.buffer) : new Float32Array(bytes.buffer);
}
