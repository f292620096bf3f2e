"""The trainings of a workspace, read from what stands in their folders: `run.json` from the first step on, one line of
figures per log, and `provenance.json` once a run has ended."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_ORIGIN, _HISTORY, _PROVENANCE = "run.json", "history.jsonl", "provenance.json"
_PLACES = ("runs", "models")
STEP = "step"


@dataclass(frozen=True)
class TrainingRun:
    """One run folder. `finished_at`: None for a run that was interrupted; `history`: figures by name, a line per log;
    `problem`: why nothing more is known of it."""

    folder: Path
    recipe: str = ""
    snapshot_hash: str = ""
    base_model: str = ""
    is_stand_in: bool = False
    finished_at: str | None = None
    history: Sequence[Mapping[str, float]] = ()
    problem: str | None = None

    @property
    def name(self) -> str:
        """The folder below the workspace."""
        return f"{self.folder.parent.name}/{self.folder.name}"

    def curves(self) -> dict[str, list[tuple[float, float]]]:
        """(step, value) by figure, for figures that change over the run."""
        found: dict[str, list[tuple[float, float]]] = {}
        for line in self.history:
            for name, value in line.items():
                if name not in (STEP, "epoch"):
                    found.setdefault(name, []).append((line.get(STEP, math.nan), value))
        return {name: line for name, line in found.items() if len({value for _, value in line}) > 1}


def training_runs(workspace: Path) -> list[TrainingRun]:
    """Every run below the workspace's runs and models, the latest first."""
    begun = [file for place in _PLACES for file in (workspace / place).glob(f"*/{_ORIGIN}")]
    begun.sort(key=lambda file: file.stat().st_mtime, reverse=True)
    return [_read(file.parent) for file in begun]


def _read(folder: Path) -> TrainingRun:
    try:
        origin = _object(folder / _ORIGIN)
        ended = folder / _PROVENANCE
        record = _object(ended) if ended.is_file() else {}
        base = record.get("base_model", {})
        return TrainingRun(
            folder,
            recipe=str(origin["recipe"]),
            snapshot_hash=str(origin["snapshot_hash"]),
            base_model=str(base.get("path") or origin.get("base_model") or ""),
            is_stand_in=bool(base.get("stand_in", origin.get("stand_in"))),
            finished_at=record.get("finished_at"),
            history=_history(folder / _HISTORY),
        )
    except (OSError, ValueError, KeyError, AttributeError, RecursionError) as error:
        return TrainingRun(folder, problem=f"{folder} cannot be read: {error}.")


def _object(file: Path) -> dict[str, Any]:
    value = json.loads(file.read_bytes())
    if not isinstance(value, dict):
        raise ValueError(f"{file.name} holds no object")
    return value


def _history(file: Path) -> list[dict[str, float]]:
    """The lines of a log as numbers; a last line that a stop cut off is left out."""
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file.is_file() else []
    found = []
    for number, line in enumerate(lines, start=1):
        try:
            figures = json.loads(line)
        except ValueError:
            if number < len(lines):
                raise
            break
        found.append({name: float(value) for name, value in figures.items() if _is_number(value)})
    return found


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
