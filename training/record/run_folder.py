"""The folder of one run: what is where in it, whether it may be written to, and whether it can be gone on with."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from data.errors import TrainingError
from training.process.processes import is_main_process
from training.record.provenance import PROVENANCE, RunOrigin

RECIPE_COPY = "recipe.yaml"
_ORIGIN = "run.json"


@dataclass(frozen=True)
class RunFolder:
    """`path` ends with the adapter; beside it stands all that explains it."""

    path: Path

    @property
    def checkpoints(self) -> Path:
        """Checkpoints on the way, each sealed with its provenance."""
        return self.path / "checkpoints"

    @property
    def tensorboard(self) -> Path:
        """TensorBoard's logs."""
        return self.path / "tensorboard"

    @property
    def history(self) -> Path:
        """One line of figures per log."""
        return self.path / "history.jsonl"

    @property
    def warm_up(self) -> Path:
        """The adapter after the supervised warm-up: where SA-DPO starts from, if the recipe has one."""
        return self.path / "warm_up"

    @property
    def best(self) -> Path:
        """The adapter of the best look at the development part, sealed as a checkpoint is."""
        return self.path / "best"

    @property
    def is_warm(self) -> bool:
        """Whether the warm-up is over."""
        return (self.warm_up / "adapter_config.json").is_file()

    @property
    def reference_logps(self) -> Path:
        """What the reference says of each pair, kept from the first time it is seen."""
        return self.path / "reference_logps.jsonl"

    @property
    def is_begun(self) -> bool:
        """Whether a run was begun here."""
        return (self.path / _ORIGIN).is_file()

    def begin(self, origin: RunOrigin) -> None:
        """Create the folder and write down what determines the run; by the main process alone."""
        if is_main_process():
            self.path.mkdir(parents=True, exist_ok=True)
            (self.path / RECIPE_COPY).write_text(origin.recipe_text, encoding="utf-8")
            (self.path / _ORIGIN).write_text(origin.model_dump_json(indent=2) + "\n", encoding="utf-8")

    @contextmanager
    def begun(self, origin: RunOrigin) -> Iterator[None]:
        """Begin the run and build its first trainer inside: what cannot be built leaves nothing behind."""
        self.begin(origin)
        try:
            yield
        except BaseException:
            if is_main_process():
                shutil.rmtree(self.path, ignore_errors=True)
            raise

    def refuse_another_run(self, origin: RunOrigin) -> None:
        """Raise TrainingError unless the folder holds an unfinished run that was begun from the same origin."""
        if (self.path / PROVENANCE).is_file():
            raise TrainingError(f"{self.path} already holds a finished result: there is nothing to resume.")
        begun = self._origin()
        for name in ("recipe_hash", "snapshot_hash", "base_model_hash", "processor_hash", "pairs_per_update"):
            before, today = getattr(begun, name), getattr(origin, name)
            if before not in (None, today):
                raise TrainingError(
                    f"The run in {self.path} cannot be resumed: its {name} was {_short(before)} and is now "
                    f"{_short(today)}. Give what it was begun with, or train into a new folder."
                )

    def _origin(self) -> RunOrigin:
        path = self.path / _ORIGIN
        if not path.is_file():
            raise TrainingError(f"{self.path} holds no run to resume: there is no {_ORIGIN}.")
        try:
            return RunOrigin.model_validate_json(path.read_bytes())
        except ValidationError as error:
            raise TrainingError(
                f"{path} does not say what the run was begun with: {error.errors()[0]['msg']}."
            ) from error


def refuse_taken(out: Path) -> None:
    """Raise TrainingError if `out` holds anything: an adapter, an interrupted run, or something else."""
    if not is_main_process():
        return  # by now the main process may have begun in it
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if (out / PROVENANCE).is_file():
        raise TrainingError(f"{out} already holds a finished result. Name another folder.")
    if (out / RECIPE_COPY).is_file():
        raise TrainingError(
            f"{out} holds a run that never finished. Resume it (--resume), remove it, or name another folder."
        )
    raise TrainingError(f"{out} is not empty. Name a new folder.")


def _short(value: object) -> str:
    return str(value)[:12]
