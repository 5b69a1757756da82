"""Job: what all runs of one ``mnist-nn train`` have in common."""

from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from .checkpoints import Checkpoints
from .guard import eprint
from .logs import Logs
from .saving import check_room, save_anywhere
from .seeds import kept_results, seed_path, sha256_of
from .signals import Interrupted, Request, deferred

if TYPE_CHECKING:
    from ..config import Config
    from ..data import Dataset
    from ..model import Checkpoint, SeedResult, Series
    from .run import Run


@dataclass(frozen=True)
class Job:
    """What all runs of a command have in common; `checkpoint` is what is in the file `resume`."""

    dataset: "Dataset"
    checkpoint_every: int | None
    quiet: bool
    resume: Path | None
    checkpoint: "Checkpoint | None"
    log_dir: Path | None

    def run(self, settings: "Config", output: Path) -> None:
        """Do a single run, and write its model, and its logs if there is a folder for them."""
        with ExitStack() as stack:
            self._run(settings, output, lambda: stack.enter_context(deferred()))

    def run_series(self, settings: "Config", output: Path, series: "Series") -> "list[SeedResult]":
        """Do a run for each seed of a series, beginning with that of the settings.

        From the training of the first on, a signal waits until a run looks for it, so that there is
        a checkpoint that knows of all that are finished. A DivergenceError names the seed.
        """
        from ..errors import DivergenceError

        results = kept_results(series, output)
        done = {settings.seed, *(result.seed for result in results)}
        with ExitStack() as stack:
            defer = cache(lambda: stack.enter_context(deferred()))
            for seed in [settings.seed, *(n for n in series.seeds if n not in done)]:
                if not self.quiet:
                    eprint(f"seed {seed}")
                job = self if seed == settings.seed else replace(self, resume=None, checkpoint=None)
                try:
                    run = job._run(
                        settings.model_copy(update={"seed": seed}),
                        seed_path(output, seed),
                        defer,
                        replace(series, results=tuple(results)),
                    )
                except DivergenceError as error:
                    raise DivergenceError(f"seed {seed}: {error}") from error
                results.append(_result(run, seed_path(output, seed)))
        return sorted(results, key=lambda result: result.seed)

    def _run(
        self,
        settings: "Config",
        output: Path,
        defer: Callable[[], Request],
        series: "Series | None" = None,
    ) -> "Run":
        """Do a run, which may be one of a series; `defer` makes signals wait from then on."""
        from ..model import Model, current_versions, save_model
        from .run import Run

        data = self.dataset
        run = Run(settings, data.info, data.train, quiet=self.quiet, checkpoint=self.checkpoint)
        check_room(output, run.size())
        versions = current_versions(*(["numba"] if run.choice.name == "numba" else []))
        log_dir = self.log_dir / f"seed{settings.seed}" if self.log_dir and series else self.log_dir
        with closing(Logs(log_dir)) as logs:
            run.begin()
            assert run.trainer is not None
            checkpoints = self._checkpoints(run, output, versions, series)
            logs.begin(run.trainer.history)
            request = defer()
            run.train(checkpoints, logs, request)
            model = Model(settings, run.network, run.history, data.sha256, versions)
            save_anywhere(output, partial(save_model, model=model))
            checkpoints.complete()
        if request.number is not None:  # while it was being saved
            if series:
                checkpoints.interrupt(request.number, f"epoch {run.epochs} of {run.epochs}")
            raise Interrupted(request.number, f"interrupted; the run is over, its model: {output}")
        return run

    def _checkpoints(
        self, run: "Run", output: Path, versions: dict[str, str], series: "Series | None"
    ) -> Checkpoints:
        """Set up the checkpoints of a run that has begun."""
        from ..model import Checkpoint
        from .resume import command

        every, snapshot = self.checkpoint_every, None
        if self.checkpoint:
            every, snapshot = every or self.checkpoint.every, self.checkpoint.snapshot

        def make() -> Checkpoint:
            assert run.trainer is not None
            best = run.stopper.best if run.stopper else None
            parts = run.trainer.snapshot(), best, every, self.dataset.train_sha256, versions
            return Checkpoint(run.settings, run.choice.name, *parts, series=series)

        resume = partial(command, dataset=self.dataset, log_dir=self.log_dir)
        seed = run.settings.seed if series else None
        checkpoints = Checkpoints(output, every, make, resume, seed)
        if self.resume and snapshot:
            checkpoints.go_on(self.resume, snapshot)
        return checkpoints


def _result(run: "Run", path: Path) -> "SeedResult":
    """Record what a finished run came to."""
    from ..model import SeedResult

    assert run.trainer is not None
    history = run.trainer.history
    seconds = sum(metrics.seconds for metrics in history)
    return SeedResult(run.settings.seed, sha256_of(path), history[run.kept_epoch - 1], seconds)
