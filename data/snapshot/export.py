"""A snapshot's pairs in the layouts of other trainers: LLaMA-Factory's and ms-swift's, beside TRL's `pairs.parquet`.

Neither has a weight per pair: an export is for Standard DPO there, or for the supervised side. Both scale pictures by a
number of pixels that is set there, and neither has a place for it beside the rows.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.errors import SnapshotError
from data.images.model_picture import model_picture_of
from data.snapshot.folder import Snapshot, load_snapshot
from data.snapshot.layouts import Layout
from data.snapshot.pairs import PreferencePair
from data.whole_files import written_whole

NAME = "teletriage_pairs"
_PICTURE = "<image>"


_REFUSED_IN_ANSWERS = {Layout.LLAMA_FACTORY: ("<image>", "<video>", "<audio>"), Layout.MS_SWIFT: ()}
"""LLaMA-Factory counts these in answers too, and ends the whole run where they are more than there are pictures."""


@dataclass(frozen=True)
class Exported:
    """`pairs` written, `left_out` that the trainer would stop at. `pixels`: of the pictures that the snapshot's student
    was shown, which is what the other trainer is to be set to; None where the snapshot does not say."""

    pairs: int
    left_out: int
    pixels: int | None


def export_pairs(snapshot: Path, out: Path, layout: Layout) -> Exported:
    """Write the new folder `out`, whole or not at all. Pictures stay where they are and are named by their absolute
    paths. Raises SnapshotError: a snapshot that is not whole or has no pairs, `out` taken."""
    frozen = load_snapshot(snapshot)
    kept = [pair for pair in frozen.pairs if not _stops_at(pair, layout)]
    if not kept:
        raise SnapshotError(f"The snapshot {snapshot} has no pairs to export.")
    if out.exists():
        raise SnapshotError(f"{out} is there already. Choose another folder.")
    rows = [_ROWS[layout](pair, frozen.folder.resolve()) for pair in kept]
    out.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(out) as folder:
        folder.mkdir()
        if layout is Layout.LLAMA_FACTORY:
            _write(folder / f"{NAME}.json", json.dumps(rows, ensure_ascii=False, indent=1))
            _write(folder / "dataset_info.json", json.dumps(_DATASET_INFO, indent=2))
        else:
            lines = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
            _write(folder / f"{NAME}.jsonl", lines)
    return Exported(len(rows), len(frozen.pairs) - len(kept), pixels_shown(frozen))


def _stops_at(pair: PreferencePair, layout: Layout) -> bool:
    answers = pair.chosen[-1].content + pair.rejected[-1].content
    return any(mark in answers for mark in _REFUSED_IN_ANSWERS[layout])


def pixels_shown(frozen: Snapshot) -> int | None:
    """Of the first pair's picture as the student was shown it; None where the snapshot does not say."""
    width_px = frozen.manifest.image_width_px
    if width_px is None:
        return None
    shown = model_picture_of(frozen.folder / frozen.pairs[0].images[0], width_px=width_px)
    return shown.width_px * shown.height_px


_DATASET_INFO = {
    NAME: {
        "file_name": f"{NAME}.json",
        "formatting": "sharegpt",
        "ranking": True,
        "columns": {
            "messages": "conversations",
            "chosen": "chosen",
            "rejected": "rejected",
            "images": "images",
            "system": "system",
        },
    }
}
"""What LLaMA-Factory's `dataset_info.json` says of a sharegpt data set with pairs and pictures (its data/README.md)."""


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _turns(pair: PreferencePair) -> tuple[str, str]:
    """(system, question with its picture in front, as both trainers mark it)."""
    system = "".join(turn.content for turn in pair.prompt if turn.role == "system")
    asked = "".join(turn.content for turn in pair.prompt if turn.role == "user")
    return system, f"{_PICTURE * len(pair.images)}{asked}"


def _pictures(pair: PreferencePair, folder: Path) -> list[str]:
    return [str(folder / name) for name in pair.images]


def _llama_factory(pair: PreferencePair, folder: Path) -> dict[str, Any]:
    system, asked = _turns(pair)
    return {
        "system": system,
        "conversations": [{"from": "human", "value": asked}],
        "chosen": {"from": "gpt", "value": pair.chosen[-1].content},
        "rejected": {"from": "gpt", "value": pair.rejected[-1].content},
        "images": _pictures(pair, folder),
    }


def _ms_swift(pair: PreferencePair, folder: Path) -> dict[str, Any]:
    system, asked = _turns(pair)
    return {
        "messages": [
            {"role": "system", "content": system},
            {"role": "user", "content": asked},
            {"role": "assistant", "content": pair.chosen[-1].content},
        ],
        "rejected_response": pair.rejected[-1].content,
        "images": _pictures(pair, folder),
    }


_ROWS: dict[Layout, Callable[[PreferencePair, Path], dict[str, Any]]] = {
    Layout.LLAMA_FACTORY: _llama_factory,
    Layout.MS_SWIFT: _ms_swift,
}
