"""A snapshot's pairs in the layouts of other trainers: LLaMA-Factory's and ms-swift's, beside TRL's `pairs.parquet`.

Neither has a weight per pair: an export is for Standard DPO there, or for the supervised side.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from data.errors import SnapshotError
from data.snapshot.folder import load_snapshot
from data.snapshot.layouts import Layout
from data.snapshot.pairs import PreferencePair
from data.whole_files import written_whole

NAME = "teletriage_pairs"
_PICTURE = "<image>"


def export_pairs(snapshot: Path, out: Path, layout: Layout) -> int:
    """Write the new folder `out`, whole or not at all; how many pairs it holds. Pictures stay where they are and are
    named by their absolute paths. Raises SnapshotError: a snapshot that is not whole or has no pairs, `out` taken."""
    frozen = load_snapshot(snapshot)
    if not frozen.pairs:
        raise SnapshotError(f"The snapshot {snapshot} has no pairs to export.")
    if out.exists():
        raise SnapshotError(f"{out} is there already. Choose another folder.")
    rows = [_ROWS[layout](pair, frozen.folder.resolve()) for pair in frozen.pairs]
    out.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(out) as folder:
        folder.mkdir()
        if layout is Layout.LLAMA_FACTORY:
            _write(folder / f"{NAME}.json", json.dumps(rows, ensure_ascii=False, indent=1))
            _write(folder / "dataset_info.json", json.dumps(_DATASET_INFO, indent=2))
        else:
            lines = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
            _write(folder / f"{NAME}.jsonl", lines)
    return len(rows)


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
"""What LLaMA-Factory's `dataset_info.json` says of a sharegpt data set with pairs."""


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
