"""A job is what all runs of one ``mnist-nn train`` have in common."""

from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from .checkpoints import Checkpoints
from .logs import Logs
from .saving import check_room, save_anywhere
from .seeds import Finished
from .signals import Interrupted, deferred

if TYPE_CHECKING:
    from ..config import Config
    from ..data import Dataset
    from ..model import Checkpoint


@dataclass(frozen=True)
class Job:
    """What all runs have in common.

    Attributes
    ----------
    dataset, checkpoint_every, quiet, resume
        As on the command line.
    checkpoint
        What is in the file `resume`.
    """

    dataset: "Dataset"
    checkpoint_every: int | None
    quiet: bool
    resume: Path | None
    checkpoint: "Checkpoint | None"

    def run(self, settings: "Config", output: Path, log_dir: Path | None) -> Finished:
        """Do one run, and write its model, and its logs if there is a folder for them."""
        from ..model import Checkpoint, Model, current_versions, save_model
        from .resume import command
        from .run import Run

        data = self.dataset
        run = Run(settings, data.info, data.train, quiet=self.quiet, checkpoint=self.checkpoint)
        check_room(output, run.size())
        libraries = ["numba"] if run.choice.name == "numba" else []
        versions = current_versions(*libraries)

        every, snapshot = self.checkpoint_every, None
        if self.checkpoint:
            every, snapshot = every or self.checkpoint.every, self.checkpoint.snapshot

        def make() -> Checkpoint:
            assert run.course is not None
            best = run.stopper.best if run.stopper else None
            parts = run.course.snapshot(), best, every, data.train_sha256, versions
            return Checkpoint(settings, run.choice.name, *parts)

        run.begin()
        checkpoints = Checkpoints(output, every, make, partial(command, dataset=data))
        if self.resume and snapshot:
            checkpoints.go_on(self.resume, snapshot)
        with closing(Logs(log_dir)) as logs, deferred() as request:
            run.train(checkpoints, logs, request)
            model = Model(settings, run.network, run.history, data.sha256, versions)
            save_anywhere(output, partial(save_model, model=model))
        if request.number is not None:  # while it was being saved
            raise Interrupted(request.number, f"interrupted; the run is over, its model: {output}")
        epoch = run.history[run.kept_epoch - 1]
        seconds = sum(epoch["seconds"] for epoch in run.history)
        return Finished(settings.seed, output, epoch, seconds)
