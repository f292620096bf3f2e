"""What a generator left in a folder: which clip each file is, whether it is whole and unedited, and what made it.

Cosmos-Transfer2.5 writes NAME.mp4, NAME.json (its arguments), NAME.txt (the prompt), and NAME_control_KEY.mp4 and
NAME_mask_KEY.mp4 beside them; only NAME.mp4 is a clip. Nothing in the folder is trusted.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from data.errors import ScenarioError
from data.hashing import file_hash
from data.scenarios.plan_folder import Plan, PlannedClip
from data.scenarios.run_script import SUMS
from data.scenarios.specification import CONTROLS, TransferSpec

_SIDE_PRODUCT = re.compile(r"_(?:control|mask)_[a-z0-9]+$")
_SUM_LINE = re.compile(r"^([0-9a-f]{64})[ ][ *](?:\./)?([^/\\\0]+)$")
_PATH_FIELDS = frozenset({"video_path", "prompt_path", "image_context_path", "control_path", "mask_path"})
MAX_ARGUMENTS_BYTES = 1_000_000
SEALING = f"find . -maxdepth 1 -type f ! -name {SUMS} -printf '%f\\n' | xargs -d '\\n' sha256sum -- > {SUMS}"


class Refused(ScenarioError):
    """One output cannot be taken in; the others may."""


@dataclass(frozen=True)
class Output:
    """A generated clip's file, matched with what was planned. `spec`: what it was made from, as it was written."""

    path: Path
    planned: PlannedClip
    model: str
    spec: dict[str, Any]
    spec_hash: str
    sha256: str


@dataclass(frozen=True)
class Found:
    """The files of a folder. `skipped`: controls and masks; `not_generated`: planned clips without an output."""

    clips: list[Path]
    skipped: int
    not_generated: list[str]
    sums: dict[str, str]


def find_outputs(folder: Path, plan: Plan) -> Found:
    """Raises ScenarioError: no sums, nothing that could be a clip."""
    videos = sorted(path for path in folder.glob("*.mp4") if not path.name.startswith("."))
    names = {path.stem for path in videos}
    side = [path for path in videos if _is_side_product(path.stem, plan)]
    clips = [path for path in videos if path not in side]
    if not clips:
        raise ScenarioError(f"{folder} holds no generated clip (NAME.mp4 of the plan).")
    missing = sorted(plan.clips.keys() - names)
    return Found(clips, len(side), missing, _sums(folder))


def _is_side_product(stem: str, plan: Plan) -> bool:
    return stem not in plan.clips and _SIDE_PRODUCT.search(stem) is not None


def _sums(folder: Path) -> dict[str, str]:
    path = folder / SUMS
    if not path.is_file():
        raise ScenarioError(
            f"{folder} has no {SUMS}, so nobody could tell whether an output was edited. run.sh writes it when the "
            f"generator ends; for another generator, run there: {SEALING}"
        )
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    found = [_SUM_LINE.match(line) for line in lines if line.strip()]
    if wrong := [number for number, one in enumerate(found, start=1) if one is None]:
        raise ScenarioError(f"{path}, line {wrong[0]}, is not a line of sha256sum.")
    return {one[2]: one[1] for one in found if one is not None}


def match_output(path: Path, plan: Plan, sums: dict[str, str], model: str | None) -> Output:
    """The output with what was planned for it.

    model: what made outputs beside which no NAME.json stands. Raises Refused with the reason.
    """
    planned = plan.clips.get(path.stem)
    if planned is None:
        raise Refused(f"{path.name!a} matches no specification of {plan.folder}.")
    sha256 = _unedited(path, sums)
    source = plan.folder / planned.source_clip
    if not source.is_file() or file_hash(source) != planned.source_sha256:
        raise Refused(
            f"{path.name}: its source clip {planned.source_clip} is gone or was changed since planning."
        )
    arguments = path.with_suffix(".json")
    transfer = plan.transfers.get(planned.name)
    if arguments.is_file() and transfer is not None:
        _unedited(arguments, sums)
        _require_same(arguments, transfer)
        made_by = model or planned.model or ""
        return Output(path, planned, made_by, transfer.as_json(), planned.transfer_hash or "", sha256)
    if model is None:
        raise Refused(
            f"{path.name} has no {arguments.name} beside it, which Cosmos-Transfer2.5 writes. "
            "If another generator made it, name that with --model."
        )
    general = plan.generals[planned.name]
    return Output(path, planned, model, general.as_json(), planned.general_hash, sha256)


def _unedited(path: Path, sums: dict[str, str]) -> str:
    """The file's hash, which is the one in the sums."""
    expected = sums.get(path.name)
    if expected is None:
        raise Refused(f"{path.name} is not in {SUMS}: it came after the generator had ended.")
    found = file_hash(path)
    if found != expected:
        raise Refused(f"{path.name} was edited after it was generated: its hash is not the one in {SUMS}.")
    return found


def _require_same(arguments: Path, spec: TransferSpec) -> None:
    """Whether the arguments that the generator wrote down are those of the specification."""
    try:
        if arguments.stat().st_size > MAX_ARGUMENTS_BYTES:
            raise Refused(f"{arguments.name} has more than {MAX_ARGUMENTS_BYTES:,} bytes.")
        given = json.loads(arguments.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise Refused(f"{arguments.name} cannot be read: {error}.") from error
    if not isinstance(given, dict):
        raise Refused(f"{arguments.name} does not hold the generator's arguments.")
    planned, written = spec.model_dump(mode="json", exclude_none=True), spec.as_json()
    for name, wanted in planned.items():
        found = given.get(name, None if name in written else wanted)
        if not _agrees(name, wanted, found):
            raise Refused(
                f"{arguments.stem} was made from another specification than planned: {name} is "
                f"{_short(found)}, planned is {_short(wanted)}."
            )
    if extra := [name for name in CONTROLS if given.get(name) is not None and name not in spec.controls]:
        raise Refused(f"{arguments.stem} was made with the control {extra[0]}, which was not planned.")


def _agrees(name: str, wanted: Any, given: Any) -> bool:
    if isinstance(wanted, dict):
        return isinstance(given, dict) and all(
            _agrees(key, one, given.get(key, one)) for key, one in wanted.items()
        )
    if name in _PATH_FIELDS:  # the generator writes absolute paths of its own machine
        return isinstance(given, str) and PurePosixPath(given).name == PurePosixPath(str(wanted)).name
    return bool(given == wanted)


def _short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True)[:60]
