"""mnist-nn: handwritten digits, read by a neural network written from scratch in NumPy.

The rooms: `mnist_nn.nn` is the mathematics, `mnist_nn.data` the digits, `mnist_nn.training` how a
network learns, `mnist_nn.evaluation` how well it did. Nothing is imported here, so that the command
line starts at once.
"""

__version__ = "0.1.0"
