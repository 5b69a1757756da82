"""A run: from a config and the digits to a trained model, under a progress bar.

It is handed the training samples only; there is no way from here to the test samples.
"""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .guard import note

if TYPE_CHECKING:
    import numpy as np

    from ..config import Config
    from ..data import DatasetInfo, Samples
    from ..engines import Choice
    from ..nn import Network
    from ..streams import Streams
    from ..training import EarlyStopper, Report

MAX_EPOCHS = 1_000_000  # each is an entry of the history, which a model file has room for


class Run:
    """A run that is about to begin.

    Parameters
    ----------
    settings
        The resolved config, seed included.
    info
        Of the dataset.
    samples
        Its training samples, of which some may be held out.
    quiet
        Say nothing that need not be said.

    Attributes
    ----------
    network
        With its starting weights; trained once `train` is done.
    choice
        Of the engine that runs it.
    history
        One dict per epoch.
    kept_epoch
        The epoch, from 1, whose parameters the network has.
    """

    def __init__(
        self, settings: "Config", info: "DatasetInfo", samples: "Samples", *, quiet: bool
    ) -> None:
        from ..engines import choose_engine
        from ..model import build_network
        from ..streams import streams
        from ..training import step_size

        self.settings, self.quiet = settings, quiet
        self.rng: Streams = streams(settings.seed)
        self.network: Network = build_network(
            settings, info.n_inputs, info.input_scale, self.rng.initialisation
        )
        self.training, self.validation = hold_out(
            samples, settings.data.validation, self.rng.validation
        )
        step = step_size(len(self.training.y), settings.training.batch_size)
        plan = settings.training
        self.choice: Choice = choose_engine(plan.engine, self.network, plan.optimizer, step)
        self.history: list[dict[str, Any]] = []
        self.kept_epoch = 0

    def train(self) -> None:
        """Train, showing how it goes.

        Raises
        ------
        ConfigError
            If the run would have too many epochs.
        DivergenceError
            If training leaves the finite numbers.
        """
        from ..errors import ConfigError
        from ..training import EarlyStopper, run_length
        from .progress import TrainingProgress, said_if_slow

        plan = self.settings.training
        lengths = plan.batch_size, plan.epochs, plan.iterations
        epochs, total = run_length(len(self.training.y), *lengths)
        if epochs > MAX_EPOCHS:
            raise ConfigError(
                f"training: {epochs:,} epochs are more than the {MAX_EPOCHS:,} of a run"
            )
        self._announce()
        with said_if_slow(
            "compiling the engine; the next run will find it ready", quiet=self.quiet
        ):
            reports = self._reports()
        stopping = plan.early_stopping
        stopper = EarlyStopper(stopping, self.network) if stopping else None
        with TrainingProgress(epochs, total, quiet=self.quiet) as progress:
            for report in reports:
                progress.show(report)
                if not report.complete:
                    continue
                self.history.append({k: v for k, v in asdict(report).items() if k != "complete"})
                if stopper and stopper.should_stop(report):
                    break
        self.kept_epoch = len(self.history)
        if stopper:
            self._finish(stopper, epochs)

    def _reports(self) -> "Iterator[Report]":
        """Set training up as the config says."""
        from ..training import fit

        plan = self.settings.training
        return fit(
            self.network,
            self.training,
            rng=self.rng.shuffling,
            loss=plan.loss,
            optimizer=plan.optimizer,
            schedule=plan.schedule,
            batch_size=plan.batch_size,
            epochs=plan.epochs,
            iterations=plan.iterations,
            shuffle=plan.shuffle,
            replacement=plan.replacement,
            regularization=plan.regularization,
            augmentation=self.settings.data.augmentation,
            dropout_rng=self.rng.dropout,
            augmentation_rng=self.rng.augmentation,
            validation=self.validation,
            engine=self.choice.name,
            running=True,
        )

    def _finish(self, stopper: "EarlyStopper", epochs: int) -> None:
        """Go back to the best epoch, and say what early stopping did."""
        done, monitor = len(self.history), stopper.settings.monitor
        if stopper.settings.restore_best_weights:
            stopper.restore()
            self.kept_epoch = stopper.best_epoch
        if not self.quiet and (done < epochs or self.kept_epoch < done):
            stopped = f"stopped after epoch {done}; " if done < epochs else ""
            note(
                f"{stopped}the best {monitor} was in epoch {stopper.best_epoch}; "
                f"the model is of epoch {self.kept_epoch}"
            )

    def _announce(self) -> None:
        """Say what is going to be trained, on what, and by which engine."""
        choice, network = self.choice, self.network
        if self.quiet:
            if self.settings.training.engine not in ("auto", choice.name):
                note(f"engine: {choice.name} ({choice.reason})")
            return
        note(
            f"training {'-'.join(map(str, network.sizes))} ({network.params.size:,} parameters) "
            f"on {len(self.training.y):,} samples of {self.settings.data.dataset}"
        )
        if self.validation:
            note(f"validating on {len(self.validation.y):,} more that are held out")
        note(f"engine: {choice.name}" + (f" ({choice.reason})" if choice.reason else ""))


def hold_out(
    samples: "Samples", held_out: int | float, rng: "np.random.Generator"
) -> "tuple[Samples, Samples | None]":
    """Split the training samples by a count or a fraction; no validation samples for 0.

    Raises
    ------
    ConfigError
        If nothing would be left to train on, or less than one sample held out.
    """
    from ..data import stratified_split
    from ..errors import ConfigError

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
