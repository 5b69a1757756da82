"""Which of several named arrays are samples, which are labels, and of which part."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from numpy.typing import NDArray

from ..errors import DataError, escaped
from .source import Part

PARTS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("test", "testing", "t10k"), "test"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
}
ROLES = {
    **dict.fromkeys(("x", "images", "image", "imgs", "img", "data", "features"), "x"),
    **dict.fromkeys(("y", "labels", "label", "targets", "target", "classes"), "y"),
}
MEANINGLESS = re.compile(r"arr|npy|gz|idx[1-4]|ubyte|byte|int|[0-9]+")
QUOTED = 300  # characters of names in a message
LAYOUT = "x_train, y_train and, if there are any, x_test, y_test; or one array x and one y"


class Named(NamedTuple):
    """What the name of an array says: ``qmnist-train-labels-idx2-int``."""

    group: tuple[str, ...]  # what is left: (qmnist,)
    part: str
    role: str


def pair_up(
    arrays: Mapping[str, NDArray[Any]], chosen: str | None = None
) -> tuple[dict[str, Part], list[str]]:
    """Pair samples with labels by the words in their names, or else by their numbers.

    Of several datasets, that of the array `chosen` is taken. Return the parts and the names of the
    arrays that were used. DataError if the arrays cannot be paired.
    """
    named = {name: _understood(name, array) for name, array in arrays.items()}
    groups: dict[tuple[str, ...], dict[tuple[str, str], str]] = {}
    for name, what in named.items():
        groups.setdefault(what.group, {})[what.part, what.role] = name
    complete = {
        group: members
        for group, members in groups.items()
        if any((part, "x") in members and (part, "y") in members for part in ("train", "test"))
    }
    if chosen is not None and named[chosen].group in complete:
        complete = {named[chosen].group: complete[named[chosen].group]}
    if len(complete) > 1:
        known = "; ".join("-".join(group) or "unnamed" for group in complete)
        raise DataError(
            f"it holds several datasets: {escaped(known[:QUOTED])}; give a file of the one you "
            "mean as SOURCE"
        )
    pairs = _pairs(*complete.values()) if complete else _pairs_by_length(arrays, named)
    return (
        {part: Part(arrays[x], arrays[y]) for part, (x, y) in pairs.items()},
        [name for pair in pairs.values() for name in pair],
    )


def _understood(name: str, array: NDArray[Any]) -> Named:
    """Split a name into its words, and understand them."""
    words = [word for word in re.split(r"[^a-z0-9]+", name.lower()) if word]
    part = next((PARTS[word] for word in words if word in PARTS), "train")
    by_shape = "y" if array.ndim == 1 or array.shape[1:] == (1,) else "x"
    role = next((ROLES[word] for word in words if word in ROLES), by_shape)
    group = tuple(
        word
        for word in words
        if word not in PARTS and word not in ROLES and not MEANINGLESS.fullmatch(word)
    )
    return Named(group, part, role)


def _pairs(members: Mapping[tuple[str, str], str]) -> dict[str, tuple[str, str]]:
    """Return the names of the samples and of the labels of each part."""
    pairs = {}
    for part in ("train", "test"):
        x, y = members.get((part, "x")), members.get((part, "y"))
        if x and y:
            pairs[part] = x, y
        elif x or y:
            have, lack = ("samples", "labels") if x else ("labels", "samples")
            raise DataError(f"{x or y} has {have}, but there are no {lack} for them")
    return pairs if "train" in pairs else {"train": pairs["test"]}


def _pairs_by_length(
    arrays: Mapping[str, NDArray[Any]], named: Mapping[str, Named]
) -> dict[str, tuple[str, str]]:
    """Pair arrays whose names say nothing: of two pairs, the larger is for training."""
    xs = [name for name, what in named.items() if what.role == "x" and arrays[name].ndim > 1]
    ys = [name for name, what in named.items() if what.role == "y"]
    pairs = [(x, y) for x in xs for y in ys if len(arrays[x]) == len(arrays[y])]
    if not pairs or len(pairs) > 2 or not len(pairs) == len(xs) == len(ys):
        have = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise DataError(f"it must hold {LAYOUT}; it holds {escaped(have[:QUOTED])}")
    pairs.sort(key=lambda pair: -len(arrays[pair[0]]))
    return dict(zip(("train", "test"), pairs, strict=False))
