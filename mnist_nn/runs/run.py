"""Run: a config and a dataset become a model.

A run trains on the training samples only; the test samples are out of its reach.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from ..config import Config
from ..data import Dataset, Samples, stratified_split
from ..engines import Choice, choose_engine
from ..errors import ConfigError, DivergenceError, ModelError, warn
from ..evaluation import Calibration, fit_calibration
from ..evaluation.subspace import N_COMPONENTS
from ..limits import available_memory
from ..model import (
    Checkpoint,
    Model,
    SeedResult,
    Series,
    StartingWeights,
    build_network,
    check_fits,
    current_versions,
    parameters_of,
    save_model,
    training_settings,
)
from ..rngs import make_rngs
from ..training import (
    EarlyStopper,
    EpochMetrics,
    FrozenLayers,
    Trainer,
    effective_batch_size,
    fit,
    learned_nothing,
    run_length,
)
from .checkpoints import Checkpoints
from .logs import Logs
from .resume import resume_command
from .saving import check_room, save_anywhere, sha256_of

MAX_EPOCHS = 100_000  # each is an entry of the history, which a model file has room for
EPOCH_BYTES = 150  # that such an entry takes at most


@dataclass(frozen=True)
class RunFiles:
    """Files of a run: its model, checkpoints and logs, and the checkpoint that it resumes from.

    In a series, the logs are in a folder for each seed inside of `log_dir`.
    """

    output: Path
    checkpoint_every: int | None = None
    log_dir: Path | None = None
    resumed_from: Path | None = None


class Run(Iterator[EpochMetrics]):
    """A config and a dataset become a model: iterate over it to train.

    It yields the metrics of each epoch when it is over and, some every second, while it is under
    way. With `files` it is a context, in which it writes logs and checkpoints as they are due, and
    `save` writes its model. It prints nothing; a `MnistNNWarning` tells what goes wrong around the
    training.

    It starts from the weights `init_from`, if there are any, and draws those that are not in it.

    Attributes
    ----------
    training, validation
        Samples to train on, and those that are held out, or None.
    epochs, samples
        Number of epochs, and of samples in all of them, that it goes through at most.
    choice
        Engine that runs it, and why.
    trainer
        Trainer, once the run has started.
    kept_epoch
        Epoch, from 1, whose parameters the network has; known at the end.
    calibration
        Calibration of the network on the validation samples, if there are any; known at the end.
    """

    def __init__(
        self,
        config: Config,
        dataset: Dataset,
        *,
        files: RunFiles | None = None,
        checkpoint: Checkpoint | None = None,
        series: Series | None = None,
        init_from: StartingWeights | None = None,
    ) -> None:
        self.config, self.dataset, self.files = config, dataset, files
        self.checkpoint, self.series, self.init_from = checkpoint, series, init_from
        self.every = files.checkpoint_every if files else None
        if self.every is None and checkpoint:
            self.every = checkpoint.every
        check_fits(config, dataset.name, dataset.info.format)
        self.rngs = make_rngs(config.seed)
        self.training, self.validation = hold_out(
            dataset.train, config.data.validation, self.rngs.validation
        )
        self.epochs, self.samples = run_length(len(self.training.y), config.training)
        if self.epochs > MAX_EPOCHS:
            raise ConfigError(
                f"training: {self.epochs:,} epochs are more than the {MAX_EPOCHS:,} of a run"
            )
        samples = dataset.info.format
        _check_memory(config, samples.n_inputs, len(self.training.y))
        self.network = build_network(config, samples, self.rngs.initialisation)
        frozen = config.training.frozen_layers
        if init_from:
            init_from.copy_to(self.network)
        elif frozen and not checkpoint:
            warn(f"the first {frozen} layers stay as they were drawn; start from a trained model")
        self.choice = self._choose_engine()
        self.versions = current_versions(*(["numba"] if self.choice.name == "numba" else []))
        stopping, best = config.training.early_stopping, None
        if checkpoint:
            best = checkpoint.state.best
        self.stopper = EarlyStopper(stopping, self.network, best) if stopping else None
        self.trainer: Trainer | None = None
        self.kept_epoch = 0
        self.calibration: Calibration | None = None
        self.checkpoints: Checkpoints | None = None
        self._logs = Logs(None)
        self._stack = ExitStack()
        self._metrics = self._run()

    def __enter__(self) -> Self:
        """Lock the logs; ConfigError if there is no room for the files or the logs are taken."""
        if self.files:
            check_room(self.files.output, self._size())
            folder = self.files.log_dir
            self._logs = Logs(
                folder / f"seed{self.config.seed}" if folder and self.series else folder
            )
            self._stack.callback(self._logs.close)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the logs."""
        self._stack.close()

    def __next__(self) -> EpochMetrics:
        """Train until there is something to report."""
        return next(self._metrics)

    def start(self) -> Trainer:
        """Set everything up: a while where the engine has to be compiled. Return the trainer."""
        if self.trainer is None:
            self.trainer = self._fit()
            if self.files:
                self.checkpoints = self._make_checkpoints(self.files)
            self._logs.begin(self.trainer.history)
        return self.trainer

    def checkpoint_now(self) -> Checkpoint:
        """Make a checkpoint of the run as it is: between any two metrics, once it has started."""
        state = self.start().snapshot()
        return Checkpoint(
            config=self.config,
            engine=self.choice.name,
            state=replace(state, best=self.stopper.best if self.stopper else None),
            every=self.every,
            n_inputs=self.dataset.info.format.n_inputs,
            sha256=self.dataset.train_sha256,
            versions=self.versions,
            series=self.series,
            init_from=self._kept_weights(),
        )

    @property
    def history(self) -> list[EpochMetrics]:
        """Metrics of the epochs that are over."""
        return self.trainer.history if self.trainer else []

    @property
    def model(self) -> Model:
        """Model of a run that is over; RuntimeError before that."""
        if not self.kept_epoch:
            raise RuntimeError("the run is not over: iterate over it to its end")
        stopping = self.config.training.early_stopping
        chosen = stopping is not None and stopping.restore_best_weights
        return Model(
            config=self.config,
            network=self.network,
            format=self.dataset.info.format,
            history=list(self.history),
            sha256=self.dataset.sha256,
            versions=self.versions,
            kept_epoch=self.kept_epoch if chosen else None,
            init_from=self.init_from.sha256 if self.init_from else None,
            calibration=self.calibration,
        )

    def save(self) -> None:
        """Write the model of a run that is over, which completes its checkpoint.

        ModelError, naming the file, if it had to be written elsewhere or nowhere.
        """
        assert self.files is not None
        save_anywhere(self.files.output, partial(save_model, model=self.model))
        if self.checkpoints:
            self.checkpoints.complete()

    @property
    def result(self) -> SeedResult:
        """Result, once the model is written."""
        assert self.files is not None
        seconds = sum(metrics.seconds for metrics in self.history)
        sha256 = sha256_of(self.files.output)
        return SeedResult(self.config.seed, sha256, self.history[self.kept_epoch - 1], seconds)

    def _run(self) -> Iterator[EpochMetrics]:
        """Train to the end, and return to the best epoch if early stopping asks for it."""
        trainer, stopper, checkpoints = self.start(), self.stopper, self.checkpoints
        try:
            while not (stopper and stopper.is_over(len(trainer.history))):
                metrics = next(trainer, None)
                if metrics is None:
                    break
                if metrics.complete:
                    self._logs.add(metrics)
                    if stopper:
                        stopper.watch(metrics)
                    if checkpoints:
                        checkpoints.after_epoch(metrics.epoch, self.epochs)
                yield metrics
        except DivergenceError as error:
            raise DivergenceError(self._explained(error)) from error
        self.kept_epoch = len(trainer.history)
        if checkpoints:
            checkpoints.finish(self.kept_epoch)
        if stopper and stopper.best and stopper.settings.restore_best_weights:
            stopper.restore()
            self.kept_epoch = stopper.best.epoch
        if self.validation is not None:
            self.calibration = fit_calibration(self.network, self.validation, self.training)
        problem = learned_nothing(
            self.network, trainer.engine.step_config, self.training, trainer.history
        )
        if problem:
            warn(problem)

    def _explained(self, error: DivergenceError) -> str:
        """Add which seed diverged, and where the latest checkpoint is."""
        text = f"seed {self.config.seed}: {error}" if self.series else str(error)
        if self.checkpoints is None or self.checkpoints.kept is None:
            return text
        kept, path = self.checkpoints.kept, self.checkpoints.path
        return f"{text}; the checkpoint of epoch {kept} is kept: {path}"

    def _choose_engine(self) -> Choice:
        """Choose the engine: of a run that is resumed, the one that it began with."""
        training, checkpoint = self.config.training, self.checkpoint
        size = effective_batch_size(len(self.training.y), training.batch_size)
        wanted = checkpoint.engine if checkpoint else training.engine
        network = self.network
        if training.frozen_layers:
            network = FrozenLayers(network, training.frozen_layers).head
        choice = choose_engine(wanted, network, training.step_config, size)
        if checkpoint and choice.name != checkpoint.engine:
            raise ConfigError(f"--resume: the run began with another engine: {choice.reason}")
        return choice

    def _fit(self) -> Trainer:
        """Set training up as the config says."""
        config, checkpoint = self.config, self.checkpoint
        settings = training_settings(config, self.dataset.info.format)
        try:
            return fit(
                self.network,
                self.training,
                settings.model_copy(update={"engine": self.choice.name}),
                rng=self.rngs,
                augmentation=config.data.augmentation,
                image_shape=self.dataset.info.format.image_shape,
                validation=self.validation,
                running=True,
                state=checkpoint.state if checkpoint else None,
            )
        except ValueError as error:
            if checkpoint is None:
                raise
            raise ModelError(f"the checkpoint is damaged: {error}") from error

    def _kept_weights(self) -> StartingWeights | None:
        """Return what a checkpoint keeps of the starting weights."""
        if self.init_from is None or self.series:
            return self.init_from
        return replace(self.init_from, parameters={})

    def _make_checkpoints(self, files: RunFiles) -> Checkpoints:
        """Set up the checkpoints of a run that has started."""
        command = partial(resume_command, dataset=self.dataset, log_dir=files.log_dir)
        checkpoints = Checkpoints(
            files.output, self.every, self.checkpoint_now, command, is_part=self.series is not None
        )
        if files.resumed_from and self.checkpoint:
            checkpoints.resume(files.resumed_from, self.checkpoint.state)
        return checkpoints

    def _size(self) -> int:
        """Return how many bytes the model and two checkpoints, old and new, take at most."""
        training = self.config.training
        vectors = 1 + training.optimizer.n_slots
        vectors += (training.ema_decay is not None) + (self.stopper is not None)
        vectors += self.init_from is not None
        calibration = 0
        if self.validation is not None:
            calibration = (N_COMPONENTS + 1) * self.network.sizes[0] * self.network.dtype.itemsize
        sums = (1 + 2 * vectors) * self.network.params.nbytes
        return sums + calibration + 3 * EPOCH_BYTES * self.epochs


def _check_memory(config: Config, n_inputs: int, n: int) -> None:
    """Refuse a run that needs more memory than it may use, before any is touched.

    It takes the parameters, their gradient, the optimizer's sums, an average, the best epoch's and
    as much again to write a checkpoint; and for each sample of a batch the inputs, and two numbers
    for each output of each layer; and the outputs of frozen layers for all n training samples.
    """
    size = effective_batch_size(n, config.training.batch_size)
    spec = parameters_of(config, n_inputs)
    numbers = spec.size * 2 * (4 + config.training.optimizer.n_slots)
    width = n_outputs = n_inputs
    for layer in config.network.build_layers():
        n_outputs = layer.n_outputs(n_outputs)
        width += 2 * n_outputs
    numbers += size * width
    frozen = config.training.frozen_layers
    if frozen:
        numbers += n * config.network.layers[frozen - 1].units
    needed = numbers * np.dtype(config.network.dtype).itemsize
    allowed = available_memory()
    if allowed is not None and needed > allowed:
        raise ConfigError(
            f"network.layers: such a network and batches of {size:,} samples take up to "
            f"{needed / 2**30:,.1f} GiB; the machine, its container or ulimit allows "
            f"{allowed / 2**30:,.1f} GiB\n"
            "take fewer units or a smaller training.batch_size"
        )


def hold_out(
    samples: Samples, held_out: int | float, rng: np.random.Generator
) -> tuple[Samples, Samples | None]:
    """Split off validation samples, a count or share (0: None); ConfigError if a part is empty."""
    n = len(samples.y)
    count = held_out if isinstance(held_out, int) else round(held_out * n)
    if count >= n:
        raise ConfigError(f"data.validation: {count:,} of {n:,} samples leaves none to train on")
    if held_out == 0:
        return samples, None
    if count == 0:
        raise ConfigError(f"data.validation: {held_out} of {n:,} samples is less than one")
    kept, held = stratified_split(samples.y, count, rng)
    return samples.take(kept), samples.take(held)
