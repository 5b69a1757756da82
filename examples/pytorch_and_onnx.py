# %% [markdown]
# # Into PyTorch and ONNX
#
# A trained network is some arrays and a few lines of arithmetic, so it can go anywhere. This
# notebook takes the one that comes with the package to ONNX Runtime and to PyTorch, and holds what
# they compute to what mnist-nn does. You need `pip install 'mnist-nn[export]' onnxruntime` and,
# for the second part, PyTorch; a part whose library is missing is left out.

# %%
import importlib.util
import json
from pathlib import Path

import numpy as np

import mnist_nn
from mnist_nn.export import export_model

model = mnist_nn.load_model()
digits = mnist_nn.load_dataset("mnist-sample").test
expected = model.answers(digits.x).outputs  # (n, 10): calibrated probabilities
print(f"{len(expected):,} digits, each with {expected.shape[1]} probabilities")


def there_is(library):
    """Tell whether a library is installed, and say so if it is not."""
    found = importlib.util.find_spec(library) is not None
    if not found:
        print(f"{library} is not installed, so this part is left out")
    return found


# %% [markdown]
# ## ONNX
#
# `export_model` returns the content of each file by its suffix; on a command line it is
# `mnist-nn export --to onnx`. The file has all of the model in it: the pixels' scale, the layers,
# the temperature that calibrates the probabilities, and the names of the classes.

# %%
if there_is("onnx") and there_is("onnxruntime"):
    import onnxruntime

    Path("digits.onnx").write_bytes(export_model(model, "onnx")[".onnx"])
    session = onnxruntime.InferenceSession("digits.onnx")
    for read in session.get_inputs():
        print("reads", read.name, read.type, read.shape)
    for written in session.get_outputs():
        print("gives", written.name, written.type, written.shape)
    print("classes:", json.loads(session.get_modelmeta().custom_metadata_map["class_names"]))

    images = digits.x.reshape(-1, 28, 28)
    probabilities, label = session.run(None, {"samples": images})
    difference = np.abs(probabilities - expected).max()
    print(f"largest difference between two probabilities: {difference:.1e}")
    assert difference < 1e-5
    assert (label == expected.argmax(axis=1)).all()

# %% [markdown]
# ## PyTorch
#
# Here the export is a script to read and to change, and the weights beside it. It shows which layer
# is which: mnist-nn keeps weights as (inputs, units), PyTorch as (units, inputs), hence the `.T`.

# %%
for suffix, content in export_model(model, "torch").items():
    Path(f"digits_in_torch{suffix}").write_bytes(content)
print(Path("digits_in_torch.py").read_text(encoding="utf-8"))

# %%
if there_is("torch"):
    import torch

    spec = importlib.util.spec_from_file_location("digits_in_torch", "digits_in_torch.py")
    digits_in_torch = importlib.util.module_from_spec(spec)  # import digits_in_torch, wherever
    spec.loader.exec_module(digits_in_torch)

    difference = np.abs(digits_in_torch.predict(digits.x) - expected).max()
    print(f"largest difference between two probabilities: {difference:.1e}")
    assert difference < 1e-5

# %% [markdown]
# From there it is a network like any other. Say that somebody writes all digits lying on their
# side: most of them are misread, until it is trained on a few.

# %%
if there_is("torch"):
    turned = np.rot90(digits.x.reshape(-1, 28, 28), axes=(1, 2)).copy()
    network = digits_in_torch.load()
    x, y = digits_in_torch.prepare(turned), torch.from_numpy(digits.y.astype(np.int64))

    def accuracy():
        """Tell how many of the last 500 are read correctly."""
        network.eval()
        with torch.no_grad():
            return (network(x[500:]).argmax(dim=1) == y[500:]).float().mean().item()

    before = accuracy()
    optimizer = torch.optim.Adam(network.parameters(), lr=0.002)
    network.train()
    for _ in range(40):  # epochs of 500 digits, all at once
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(x[:500]), y[:500]).backward()
        optimizer.step()
    print(f"{before:.1%} of those lying on their side are right before, {accuracy():.1%} after")
    assert accuracy() > before + 0.2

# %% [markdown]
# `mnist-nn export --list` names the other formats: Keras, plain weights, and one file of C for
# programs and small devices that have no Python at all.
