# %% [markdown]
# # Your own handwriting
#
# A photograph is nothing like MNIST: it is large, grey or coloured, with a shadow, and the digits
# are anywhere. This notebook follows one from the photograph to the answer. You need `pip install
# 'mnist-nn[images,plots]'`.
#
# Name a photograph of yours here, with dark digits on paper and gaps between them. Without one, the
# next cell draws one.

# %%
PHOTO = None  # for example "photo.jpg"

# %%
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image, ImageDraw

import mnist_nn
from mnist_nn.images import center, decode_picture, find_digits, picture_ink, read_content

STROKES = [  # of a 2, a 0, a 4 and a 7
    [(60, 100), (85, 60), (125, 65), (130, 105), (60, 210), (145, 205)],
    [(240, 60), (205, 90), (200, 165), (230, 205), (270, 180), (275, 100), (240, 60)],
    [(360, 55), (330, 140), (425, 135)],
    [(400, 85), (385, 215)],
    [(480, 70), (560, 65), (510, 215)],
]


def draw_photograph(path):
    """Draw digits with a pen on paper that is lit from one side."""
    paper = Image.new("L", (640, 270), 255)
    pen = ImageDraw.Draw(paper)
    for stroke in STROKES:
        pen.line(stroke, fill=100, width=11, joint="curve")
    light = np.linspace(0.9, 0.2, 640)  # from the left to the right
    noise = np.random.default_rng(0).normal(0, 2, (270, 640))
    pixels = np.asarray(paper) * light + noise
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(path)


if PHOTO is None:
    PHOTO = "drawn.png"
    draw_photograph(PHOTO)
picture = decode_picture(read_content(PHOTO, PHOTO), PHOTO)  # pixels are colours of 0 to 1
if PHOTO == "drawn.png":
    stroke, paper = picture.pixels[:, :160].min(), picture.pixels[:, 600:].mean()
    print(f"brightness of strokes on the left: {stroke:.2f}, of paper on the right: {paper:.2f}")
    assert paper < stroke
plt.imshow(picture.pixels)
plt.axis("off")
plt.show()

# %% [markdown]
# ## Finding the ink
#
# In the drawn photograph the paper on the right is darker than the pen's strokes on the left, so no
# one brightness tells ink from paper. Instead the background is estimated, as it would look without
# ink, and ink is how much darker the picture is than that.

# %%
ink = picture_ink(picture.pixels)  # 0 (none) to 1
plt.imshow(ink, cmap="gray_r")
plt.axis("off")
plt.show()

# %% [markdown]
# ## Telling the digits apart
#
# Strokes above one another are one digit, strokes beside one another are two. `find_digits` returns
# rows of digits, each with its place and its own ink.

# %%
rows = find_digits(ink)
digits = [digit for row in rows for digit in row]
for digit in digits:
    print(f"{digit.box.width}×{digit.box.height} pixels at {digit.box.left}, {digit.box.top}")

# %% [markdown]
# ## As MNIST's were made
#
# MNIST's digits were fitted into 20×20 pixels and moved so that their centre of mass is in the
# middle of 28×28. A network that has learned from these reads best what was prepared alike.

# %%
samples = np.stack([center(digit.ink) for digit in digits])  # (n, 28, 28), 0 to 1

# %% [markdown]
# ## Reading
#
# `load_model()` gives the network that comes with the package. `answers` tells the probability of
# each class, and which answers count: where it is not sure enough, or where a sample is unlike all
# that it has learned from, it is better to say that it does not know.

# %%
model = mnist_nn.load_model()
answers = model.answers(samples)
read = answers.outputs.argmax(axis=1)
_, axes = plt.subplots(1, len(digits), figsize=(2 * len(digits), 2.4), squeeze=False)
for axis, sample, label, outputs, known in zip(
    axes[0], samples, read, answers.outputs, answers.known, strict=True
):
    axis.imshow(sample, cmap="gray_r")
    axis.set_title(f"{label if known else '?'}, {outputs[label]:.1%} sure")
    axis.axis("off")
plt.show()
print("".join(str(label) for label in read))
if PHOTO == "drawn.png":
    assert read.tolist() == [2, 0, 4, 7]

# %% [markdown]
# On a command line this is `mnist-nn predict photo.jpg --line`; `--explain why.png` draws the steps
# above, and `mnist-nn draw --open` makes a page on which you write with the mouse or a finger.
#
# What to try next: a photograph with a shadow across it; a 7 with and without a bar; a letter,
# which is not a digit at all. Where a step goes wrong, its picture shows it.
