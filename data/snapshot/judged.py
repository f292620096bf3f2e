"""What a model's probabilities were on a snapshot's frames that it was not trained on, beside its adapter."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from data.errors import SnapshotError
from data.vocabulary import TriageLevel
from data.whole_files import written_whole

JUDGED = "judged.jsonl"
JUDGED_DEVELOPMENT = "judged_development.jsonl"
Probability = Annotated[float, Field(ge=0, le=1)]


class JudgedFrame(BaseModel):
    """A held-out or development frame: its verified `level`, and P(level) as the model read it in LEVELS' order."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    frame_id: str
    scene_id: str
    level: TriageLevel
    probabilities: tuple[Probability, Probability, Probability]


def write_judged(path: Path, frames: Iterable[JudgedFrame]) -> None:
    """Write the file, whole or not at all."""
    with written_whole(path) as partial:
        partial.write_text("".join(f"{one.model_dump_json()}\n" for one in frames), encoding="utf-8")


def read_judged(path: Path) -> list[JudgedFrame]:
    """Read it back. Raises SnapshotError with the line that is none."""
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            found.append(JudgedFrame.model_validate_json(line))
        except ValidationError as error:
            raise SnapshotError(f"Line {number} of {path} is no judged frame.") from error
    return found
