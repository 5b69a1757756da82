# %% [markdown]
# # First steps
#
# A neural network learns to read handwritten digits, in a few seconds and without a download: 5,000
# digits of MNIST come with the package. You need `pip install 'mnist-nn[fast,plots]'`.
#
# ## The digits
#
# `load_dataset` gives samples to learn from and others to be tested on. A sample is a row of 784
# numbers, the pixels of an image of 28×28: 0 is paper, 255 is ink. Its label says which digit it
# is.

# %%
import matplotlib.pyplot as plt
import numpy as np

import mnist_nn

digits = mnist_nn.load_dataset("mnist-sample")
x, y = digits.train.x, digits.train.y
print(f"{len(y):,} images to learn from, {len(digits.test.y):,} for the test; pixels: {x.dtype}")


# %%
def show(images, titles):
    """Draw some digits in a row."""
    _, axes = plt.subplots(1, len(images), figsize=(len(images), 1.5))
    for axis, image, title in zip(axes, images, titles, strict=True):
        axis.imshow(image.reshape(28, 28), cmap="gray_r")
        axis.set_title(title, fontsize=9)
        axis.axis("off")
    plt.show()


show(x[:10], y[:10])

# %% [markdown]
# ## Training
#
# The preset `base` is a network of three layers: 784 pixels become 128 numbers, these 64, and these
# 10, one for each digit. It begins with random weights. In each epoch it sees every image once, 100
# at a time, and after each hundred its weights move a little to where the answers would have been
# better. 1,000 images are held out: it is not trained on them, and they show whether it learns what
# a 3 is, or only those that it has seen.

# %%
model = mnist_nn.train(
    "base",
    epochs=10,
    lr=0.5,
    overrides={"data.dataset": "mnist-sample", "data.validation": 1000},
)
for epoch in model.history:
    print(f"epoch {epoch.epoch:2}: loss {epoch.loss:.3f}, {epoch.validation_accuracy:.1%} right")
assert model.history[-1].loss < model.history[0].loss / 4

# %% [markdown]
# At the end of a cell a model shows its layers and how it learned.

# %%
model

# %% [markdown]
# ## Testing
#
# What counts is how many digits it reads of those that had no part in any of this. `evaluate`
# tells, with an interval: another 1,000 images would give a slightly different number.

# %%
result = model.evaluate()
low, high = result.interval
print(
    f"{result.accuracy:.1%} of {result.samples:,} are right; 95 % interval {low:.1%} to {high:.1%}"
)
assert result.accuracy > 0.85

# %% [markdown]
# Row by row: how often a digit was read as each of the ten.

# %%
result

# %% [markdown]
# ## One digit at a time
#
# The network gives a probability to each class, and its answer is the largest.

# %%
probabilities = model.answers(digits.test.x).outputs  # (n, 10)
answers = probabilities.argmax(axis=1)
for i in range(5):
    print(f"read as {answers[i]} ({probabilities[i].max():.0%} sure), it is a {digits.test.y[i]}")

# %% [markdown]
# Its mistakes, the surest first: a 5 read as 0, and so on. Some of them would puzzle people, too.

# %%
wrong = np.flatnonzero(answers != digits.test.y)
surest = wrong[probabilities[wrong].max(axis=1).argsort()[::-1]][:8]
show(digits.test.x[surest], [f"{digits.test.y[i]} as {answers[i]}" for i in surest])

# %% [markdown]
# ## Keeping it
#
# A model file holds the weights, the settings and the history. Reading one never runs anything in
# it.

# %%
model.save("digits.pkl")
again = mnist_nn.load_model("digits.pkl")
assert (again.predict(digits.test.x) == model.predict(digits.test.x)).all()

# %% [markdown]
# On a command line the same is `mnist-nn train base --set data.dataset=mnist-sample --set
# data.validation=1000 --epochs 10 --lr 0.5`, and then `mnist-nn evaluate`. What to try next:
#
# - all of MNIST: `mnist-nn download`, then `data.dataset` is `mnist` and ten times less is misread;
# - `mnist_nn.train("accurate")`, the preset with all that helps;
# - your own handwriting: the notebook `your_handwriting.py`.
