"""Runs: a config and a dataset become a model, with checkpoints, logs and seeds."""

from .api import train
from .logs import Logs, check_logs
from .resume import check_config, check_environment, evaluate_command, output_of, resume_command
from .run import Run, RunFiles
from .saving import check_room, check_run_output, checkpoint_path, save_anywhere
from .series import MAX_SEEDS, kept_results, seed_path, seed_runs, series_accuracies

__all__ = [
    "MAX_SEEDS",
    "Logs",
    "Run",
    "RunFiles",
    "check_config",
    "check_environment",
    "check_logs",
    "check_room",
    "check_run_output",
    "checkpoint_path",
    "evaluate_command",
    "kept_results",
    "output_of",
    "resume_command",
    "save_anywhere",
    "seed_path",
    "seed_runs",
    "series_accuracies",
    "train",
]
