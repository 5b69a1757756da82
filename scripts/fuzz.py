"""Fuzz the readers of files, guided by coverage (needs atheris).

    pip install atheris
    python scripts/fuzz.py model -runs=100000

The readers are `model`, `checkpoint`, `idx` (data, gzipped or not) and `config` (YAML). All options
are libFuzzer's, among them ``-max_total_time=SECONDS``. The first input that takes too long, fills
memory or raises anything but an error of mnist-nn is kept in the current folder as timeout-…, oom-…
or crash-…. The tests have a fuzzer without guidance (tests/model/test_fuzz.py).
"""

import pickle
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

try:
    import atheris
except ImportError:
    raise SystemExit("this needs atheris: pip install atheris") from None

with atheris.instrument_imports(include=["mnist_nn", "yaml"]):
    from mnist_nn.config import Source, dump_config, load_config, resolve
    from mnist_nn.data import DATASETS, idx, load_dataset
    from mnist_nn.errors import MnistNNError
    from mnist_nn.model import (
        Checkpoint,
        Model,
        build_network,
        current_versions,
        load_checkpoint,
        load_model,
        save_checkpoint,
        save_model,
    )
    from mnist_nn.training import EpochMetrics, fit

SHAPE = (2, 3, 3)
CONFIGS = Path(__file__).parents[1] / "configs"
OPTIONS = ("-max_len=8192", "-timeout=10", "-rss_limit_mb=2048")

LAYERS = [{"units": 3, "activation": "softmax"}]
SMALL = {"data": {"dataset": "iris"}, "network": {"layers": LAYERS}}

Reader = Callable[[bytes, Path], object]


def model_seeds() -> Iterable[bytes]:
    """Return a small model, and pickles of the types in a model."""
    config = resolve([Source("", SMALL)])
    network = build_network(config, DATASETS["iris"].format, np.random.default_rng(0))
    history = [EpochMetrics(n, 10, 0.5, 0.5, 0.1, 0.01) for n in (1, 2)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pkl"
        save_model(
            path,
            Model(
                config,
                network,
                DATASETS["iris"].format,
                history,
                {"x_train": "ab"},
                current_versions(),
            ),
        )
        yield path.read_bytes()
    for value in (np.ones(2), {"a": [1, -1, 2**40, 0.5, None, True]}, [(1, "a"), b"b", {}]):
        yield pickle.dumps(value, 4)


def checkpoint_seeds() -> Iterable[bytes]:
    """Return a small checkpoint."""
    config, rng = resolve([Source("", SMALL)]), np.random.default_rng(0)
    trainer = fit(
        build_network(config, DATASETS["iris"].format, rng), load_dataset("iris").train, rng=rng
    )
    next(trainer)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pkl.ckpt"
        save_checkpoint(
            path,
            Checkpoint(
                config=config,
                engine="numpy",
                state=trainer.snapshot(),
                every=None,
                sha256={"x_train": "ab"},
                versions=current_versions(),
            ),
        )
        yield path.read_bytes()


def idx_seeds() -> Iterable[bytes]:
    """Return IDX data, plain, gzipped and invalid."""
    payload = idx.header(SHAPE) + bytes(range(18))
    return payload, idx.compress(payload), payload[:20], b"<html>"


def config_seeds() -> Iterable[bytes]:
    """Return the default config and the presets."""
    yield dump_config(load_config()).encode()
    yield from (path.read_bytes() for path in sorted(CONFIGS.glob("*.yaml")))


def read_model(blob: bytes, path: Path) -> None:
    """Read a model file."""
    path.write_bytes(blob)
    load_model(path)


def read_checkpoint(blob: bytes, path: Path) -> None:
    """Read a checkpoint file."""
    path.write_bytes(blob)
    load_checkpoint(path)


def read_idx(blob: bytes, path: Path) -> None:
    """Decompress and read IDX data."""
    idx.parse(idx.decompress(blob, 1000), SHAPE)


def read_config(blob: bytes, path: Path) -> None:
    """Read a config and format it."""
    path.write_bytes(blob)
    dump_config(load_config([path]))


READERS: dict[str, tuple[Reader, Callable[[], Iterable[bytes]]]] = {
    "model": (read_model, model_seeds),
    "checkpoint": (read_checkpoint, checkpoint_seeds),
    "idx": (read_idx, idx_seeds),
    "config": (read_config, config_seeds),
}


def main() -> None:
    """Write the seeds and run libFuzzer, which ends the process."""
    if len(sys.argv) < 2 or sys.argv[1] not in READERS:
        raise SystemExit(f"usage: python scripts/fuzz.py {{{','.join(READERS)}}} [-runs=N] ...")
    reader, seeds = READERS[sys.argv[1]]
    folder = Path(tempfile.mkdtemp(prefix=f"fuzz-{sys.argv[1]}-"))
    corpus, path = folder / "corpus", folder / "input"
    corpus.mkdir()
    for number, seed in enumerate(seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)

    def run(blob: bytes) -> None:
        try:
            reader(blob, path)
        except MnistNNError as error:
            str(error).encode()

    print(f"the corpus is in {corpus}", file=sys.stderr)
    atheris.Setup([sys.argv[0], *OPTIONS, *sys.argv[2:], str(corpus)], run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
