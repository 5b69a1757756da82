"use strict";
/* The forward pass of mnist_nn/nn, for a single sample.

   A layer turns `nIn` numbers into `units`: y = activation(x W + b). A vector is a plain array.
   ACTIVATIONS, the functions by name, is written into the page by Python. */

/** e^z / Σ e^z; subtracting the maximum first changes nothing and avoids overflow. */
function softmax(z) {
  const largest = z.reduce((a, b) => Math.max(a, b));
  const powers = z.map((v) => Math.exp(v - largest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((v) => v / sum);
}

/** Normalize the inputs, if the network does: each by numbers of its own. */
function normalized({ offset, factor }, x) {
  if (!offset) return x;
  const [offsets, factors] = [unpack(offset, "float64"), unpack(factor, "float64")];
  return x.map((v, i) => (v - offsets[i]) * factors[i]);
}

/** Run the network forward; return the outputs of each layer. */
function forward(network, x) {
  const outputs = [];
  for (const layer of network) {
    const z = weightedSums(layer, x); // (nIn) · (nIn, units) -> (units)
    x = ACTIVATIONS[layer.activation](z);
    outputs.push(x);
  }
  return outputs;
}

/** z = x W + b. Row i of W has the weights of input i, which is skipped if it is 0. */
function weightedSums({ W, b, units }, x) {
  const z = b ? Array.from(b) : new Array(units).fill(0);
  for (let i = 0; i < x.length; i++) {
    if (x[i] === 0) continue;
    for (let j = 0; j < units; j++) z[j] += x[i] * W[i * units + j];
  }
  return z;
}

/** Decode the layers' weights, of shape (nIn, units), and biases, of shape (units) or none. */
function unpackLayers({ layers, dtype }) {
  return layers.map((layer) => ({
    ...layer,
    nIn: layer.n_in,
    W: unpack(layer.W, dtype),
    b: layer.b && unpack(layer.b, dtype),
  }));
}

/** Decode base64 of little-endian floats, the byte order of every processor with a browser. */
function unpack(base64, dtype) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return dtype === "float64" ? new Float64Array(bytes.buffer) : new Float32Array(bytes.buffer);
}
