"""The folder that a plan is, and reading it back.

specs.jsonl     for Cosmos-Transfer2.5's command line, where the change keeps the geometry
general.jsonl   prompt and source clip of every planned clip, for any other generator
clips/          the source clips
plan.jsonl      what each name stands for: scene, side of the split, source frames, hashes
run.sh          the command to run, and the sums of what it wrote, so that a later edit shows
outputs/        where run.sh puts what was generated
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from data.errors import ScenarioError
from data.scenarios.specification import GeneralSpec, TransferSpec, read_general_specs, read_specs, spec_hash
from data.vocabulary import Split

SPECS, GENERAL, PLAN, CLIPS, RUN, OUTPUTS = (
    "specs.jsonl", "general.jsonl", "plan.jsonl", "clips", "run.sh", "outputs",
)  # fmt: skip


class PlannedClip(BaseModel):
    """A line of `plan.jsonl`. `source_frames`: frame id by its place in the clip, those to take in afterwards."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    scenario: str
    split: Split
    source_scene_id: str
    source_scene: str
    source_frames: dict[int, str]
    frames: int
    keeps_geometry: bool
    source_clip: str
    source_sha256: str
    model: str | None
    seed: int
    transfer_hash: str | None
    general_hash: str


@dataclass(frozen=True)
class Plan:
    """A plan read from disk: what each name stands for, and its specifications."""

    folder: Path
    clips: dict[str, PlannedClip]
    transfers: dict[str, TransferSpec]
    generals: dict[str, GeneralSpec]


def read_plan(folder: Path) -> Plan:
    """Read a plan back. Raises ScenarioError: no plan, a line that is none, or specifications that were changed
    since it was made (what was generated would not be what the plan says)."""
    if not (folder / PLAN).is_file():
        raise ScenarioError(f"{folder} is no plan: it has no {PLAN}. Name the plan's folder with --plan.")
    clips = {clip.name: clip for clip in _clips(folder / PLAN)}
    generals = {spec.name: spec for spec in read_general_specs(folder / GENERAL)}
    transfers = {spec.name: spec for spec in read_specs(folder / SPECS)} if (folder / SPECS).exists() else {}
    for name, clip in clips.items():
        _require_unchanged(folder / SPECS, name, clip.transfer_hash, transfers.get(name))
        _require_unchanged(folder / GENERAL, name, clip.general_hash, generals.get(name))
    for path, specs in ((folder / SPECS, transfers), (folder / GENERAL, generals)):
        if unknown := sorted(specs.keys() - clips.keys()):
            raise ScenarioError(f"{path} holds {unknown[0]}, which {folder / PLAN} does not know. Plan anew.")
    return Plan(folder, clips, transfers, generals)


def _clips(path: Path) -> list[PlannedClip]:
    clips = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
        if not line:
            continue
        try:
            clips.append(PlannedClip.model_validate_json(line))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise ScenarioError(
                f"{path}, line {number}, is no planned clip: {where}: {first['msg']}."
            ) from error
    return clips


def _require_unchanged(
    path: Path, name: str, planned: str | None, spec: TransferSpec | GeneralSpec | None
) -> None:
    found = spec_hash(spec) if spec is not None else None
    if found != planned:
        raise ScenarioError(
            f"The specification {name} in {path} is not the one that was planned. Plan anew to change it."
        )
