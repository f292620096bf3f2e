"""Where else a run's curves go: trackers that a team has installed, each asked for by name."""

from __future__ import annotations

import importlib.util
from enum import StrEnum
from typing import Any

from transformers import TrainerCallback
from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK

from data.errors import TrainingError


class Tracker(StrEnum):
    """Experiment trackers that transformers has a callback for, and that can run on one's own machine."""

    WANDB = "wandb"
    MLFLOW = "mlflow"
    TRACKIO = "trackio"


def named(trackers: list[str]) -> list[Tracker]:
    """The trackers of those names. Raises TrainingError for any other."""
    for name in trackers:
        if name not in list(Tracker):
            raise TrainingError(f"--track takes {', '.join(Tracker)}, not {name}.")
    return [Tracker(name) for name in trackers]


def refuse_missing(trackers: list[Tracker]) -> None:
    """Raise TrainingError for a tracker whose package is not installed."""
    for one in trackers:
        if importlib.util.find_spec(one.value) is None:
            raise TrainingError(
                f"--track {one.value} needs the package {one.value}, which is not installed: pip install {one.value}, "
                "or leave the option out; TensorBoard's curves are written in any case."
            )


def tracking(trackers: list[Tracker]) -> list[TrainerCallback]:
    """The trackers' callbacks."""
    made: list[Any] = [INTEGRATION_TO_CALLBACK[one.value]() for one in trackers]
    return made
