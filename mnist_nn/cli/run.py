"""A run: from a config and the digits to a trained model, under a progress bar.

It is handed the training samples only; there is no way from here to the test samples.
"""

from typing import TYPE_CHECKING, Any

from .guard import eprint

if TYPE_CHECKING:
    import numpy as np

    from ..config import Config
    from ..data import DatasetInfo, Samples
    from ..engines import Choice
    from ..model import Checkpoint
    from ..nn import Network
    from ..rngs import Rngs
    from ..training import EarlyStopper, Position, Trainer
    from .checkpoints import Checkpoints
    from .logs import Logs
    from .signals import Request

MAX_EPOCHS = 100_000  # each is an entry of the history, which a model file has room for
EPOCH_BYTES = 150  # that such an entry takes at most


class Run:
    """A run that is about to begin or, with a checkpoint, to resume.

    ConfigError if it would have too many epochs or take more memory than there is, or cannot be
    under the engine that it began under. `epochs` and `samples` count what it goes through,
    `stopper` may end it sooner, `trainer` is what it has done since it began, and `kept_epoch`,
    from 1, is the epoch whose parameters the network has in the end.
    """

    def __init__(
        self,
        settings: "Config",
        info: "DatasetInfo",
        samples: "Samples",
        *,
        quiet: bool,
        checkpoint: "Checkpoint | None" = None,
    ) -> None:
        from ..model import build_network
        from ..rngs import make_rngs
        from ..training import EarlyStopper, run_length

        self.settings, self.quiet, self.checkpoint = settings, quiet, checkpoint
        self.rng: Rngs = make_rngs(settings.seed)
        self.training, self.validation = hold_out(
            samples, settings.data.validation, self.rng.validation
        )
        plan = settings.training
        self.epochs, self.samples = run_length(len(self.training.y), plan)
        _check_length(self.epochs)
        _check_memory(settings, info.n_inputs, len(self.training.y))
        self.network: Network = build_network(
            settings, info.n_inputs, info.input_scale, self.rng.initialisation
        )
        self.choice: Choice = self._choose_engine()
        stopping, best = plan.early_stopping, checkpoint.best if checkpoint else None
        self.stopper = EarlyStopper(stopping, self.network, best) if stopping else None
        self.trainer: Trainer | None = None
        self.kept_epoch = 0

    @property
    def history(self) -> list[dict[str, Any]]:
        """One dict per epoch that is over."""
        return [metrics.as_dict() for metrics in self.trainer.history] if self.trainer else []

    def size(self) -> int:
        """Bytes that its model and two checkpoints, the old one and the new, take at most."""
        plan = self.settings.training
        vectors = 1 + plan.optimizer.n_slots
        vectors += (plan.ema_decay is not None) + (self.stopper is not None)
        return (1 + 2 * vectors) * self.network.params.nbytes + 3 * EPOCH_BYTES * self.epochs

    def begin(self) -> None:
        """Set everything up, which may take a while where the engine has to be compiled."""
        from .progress import compilation_noted

        self._announce()
        with compilation_noted(quiet=self.quiet):
            self.trainer = self._start()

    def train(self, checkpoints: "Checkpoints", logs: "Logs", request: "Request") -> None:
        """Train, showing how it goes, once it has begun.

        DivergenceError if training leaves the finite numbers; Interrupted, with a checkpoint
        written, if the program is asked to end.
        """
        from ..errors import DivergenceError

        assert self.trainer is not None
        try:
            self._go_through(self.trainer, checkpoints, logs, request)
        except DivergenceError as error:
            if checkpoints.kept is None:
                raise
            kept = f"the checkpoint of epoch {checkpoints.kept} is kept: {checkpoints.path}"
            raise DivergenceError(f"{error}; {kept}") from error
        self.kept_epoch = len(self.trainer.history)
        checkpoints.finish(self.kept_epoch)
        if self.stopper:
            self._finish(self.stopper)
        self._warn_if_nothing_was_learned()

    def _go_through(
        self, trainer: "Trainer", checkpoints: "Checkpoints", logs: "Logs", request: "Request"
    ) -> None:
        """Train to the end, or until the program is asked to end."""
        from .clock import training_clock
        from .progress import TrainingProgress

        done, stopper = sum(metrics.samples for metrics in trainer.history), self.stopper
        bar = TrainingProgress(self.epochs, self.samples, done, quiet=self.quiet)
        with bar as progress, training_clock() as trainer.clock:
            while not (stopper and stopper.is_over(len(trainer.history))):
                metrics = next(trainer, None)
                if metrics is None:
                    break
                progress.show(metrics)
                if metrics.complete:
                    logs.add(metrics)
                    if stopper:
                        stopper.watch(metrics)
                    checkpoints.after_epoch(metrics.epoch, self.epochs)
                if request.number is not None:
                    checkpoints.interrupt(request.number, f"epoch {metrics.epoch} of {self.epochs}")

    def _choose_engine(self) -> "Choice":
        """Choose the engine: of a run that goes on, the one that it began under."""
        from ..engines import choose_engine
        from ..errors import ConfigError
        from ..training import effective_batch_size

        plan, checkpoint = self.settings.training, self.checkpoint
        size = effective_batch_size(len(self.training.y), plan.batch_size)
        wanted = checkpoint.engine if checkpoint else plan.engine
        choice = choose_engine(wanted, self.network, plan.step_config, size)
        if checkpoint and choice.name != checkpoint.engine:
            raise ConfigError(f"--resume: the run began under another engine: {choice.reason}")
        return choice

    def _start(self) -> "Trainer":
        """Set training up as the config says."""
        from ..errors import ModelError
        from ..training import fit

        settings = self.settings.training.model_copy(update={"engine": self.choice.name})
        try:
            return fit(
                self.network,
                self.training,
                settings,
                rng=self.rng,
                augmentation=self.settings.data.augmentation,
                validation=self.validation,
                running=True,
                snapshot=self.checkpoint.snapshot if self.checkpoint else None,
            )
        except ValueError as error:
            if self.checkpoint is None:
                raise
            raise ModelError(f"the checkpoint is damaged: {error}") from error

    def _finish(self, stopper: "EarlyStopper") -> None:
        """Go back to the best epoch, and say what early stopping did."""
        done = self.kept_epoch
        best = stopper.best.epoch if stopper.best else done
        if stopper.settings.restore_best_weights:
            stopper.restore()
            self.kept_epoch = best
        if not self.quiet and (done < self.epochs or self.kept_epoch < done):
            stopped = f"stopped after epoch {done}; " if done < self.epochs else ""
            eprint(
                f"{stopped}the best {stopper.settings.monitor} was in epoch {best}; "
                f"the model is of epoch {self.kept_epoch}"
            )

    def _warn_if_nothing_was_learned(self) -> None:
        """Say so where all the training came to nothing, even to those who want it quiet."""
        from ..training import learned_nothing

        assert self.trainer is not None
        history, step_config = self.trainer.history, self.trainer.engine.step_config
        problem = learned_nothing(self.network, step_config, self.training, history)
        if problem:
            eprint(f"warning: {problem}")

    def _announce(self) -> None:
        """Say what is going to be trained, on what, and by which engine."""
        choice, network = self.choice, self.network
        if self.quiet:
            if self.settings.training.engine not in ("auto", choice.name):
                eprint(f"engine: {choice.name} ({choice.reason})")
            return
        eprint(
            f"training {'-'.join(map(str, network.sizes))} ({network.params.size:,} parameters) "
            f"on {len(self.training.y):,} samples of {self.settings.data.dataset}"
        )
        if self.validation:
            eprint(f"validating on {len(self.validation.y):,} more that are held out")
        if self.checkpoint:
            eprint(self._where_it_resumes(self.checkpoint.snapshot.position))
        eprint(f"engine: {choice.name}" + (f" ({choice.reason})" if choice.reason else ""))

    def _where_it_resumes(self, position: "Position") -> str:
        """Say how far the run has come already."""
        done = position.epoch - 1
        if done >= self.epochs or (self.stopper and self.stopper.is_over(done)):
            return f"the run is already complete, after {done} epochs; nothing is left to train"
        where = f"{position.samples:,} samples into epoch" if position.samples else "from epoch"
        return f"going on {where} {position.epoch} of {self.epochs}"


def _check_length(epochs: int) -> None:
    """Refuse a run whose history no file has room for."""
    from ..errors import ConfigError

    if epochs > MAX_EPOCHS:
        raise ConfigError(f"training: {epochs:,} epochs are more than the {MAX_EPOCHS:,} of a run")


def _check_memory(settings: "Config", n_inputs: int, n: int) -> None:
    """Refuse a run that needs more memory than it may use, before any is touched.

    It takes the parameters, their gradient, the optimizer's sums, an average, the best epoch's and
    as much again to write a checkpoint; and for each sample of a batch the inputs, and two numbers
    for each output of each layer.
    """
    import numpy as np

    from ..errors import ConfigError
    from ..limits import available_memory
    from ..model import parameters_of
    from ..training import effective_batch_size

    size = effective_batch_size(n, settings.training.batch_size)
    spec = parameters_of(settings, n_inputs)
    numbers = spec.size * 2 * (4 + settings.training.optimizer.n_slots)
    width = n_outputs = n_inputs
    for layer in settings.network.build_layers():
        n_outputs = layer.n_outputs(n_outputs)
        width += 2 * n_outputs
    numbers += size * width
    needed = numbers * np.dtype(settings.network.dtype).itemsize
    allowed = available_memory()
    if allowed is not None and needed > allowed:
        raise ConfigError(
            f"network.layers: such a network and batches of {size:,} samples take up to "
            f"{needed / 2**30:,.1f} GiB; the machine, its container or ulimit allows "
            f"{allowed / 2**30:,.1f} GiB\n"
            "take fewer units or a smaller training.batch_size"
        )


def hold_out(
    samples: "Samples", held_out: int | float, rng: "np.random.Generator"
) -> "tuple[Samples, Samples | None]":
    """Split off validation samples, a count or share (0: None); ConfigError if a part is empty."""
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
