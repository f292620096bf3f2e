"""A snapshot's pairs as one Parquet file in the columns that TRL's vision preference trainers read.

`datasets.load_dataset(FOLDER)` finds it through the dataset card and gives `images` as pictures. Rows are written in
small groups, so that memory does not grow with the number of pairs.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from data.snapshot.pairs import PreferencePair

ROWS_PER_GROUP = 64
ROWS_WITHOUT_PICTURES = 2048
_MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
_IMAGES = pa.list_(pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
_PLAIN = {
    "weight": pa.float64(),
    "chosen_level": pa.string(),
    "rejected_level": pa.string(),
    "pair_id": pa.string(),
    "frame_id": pa.string(),
    "scene_id": pa.string(),
}
_HF_TYPES = {pa.float64(): "float64", pa.string(): "string"}


class PairsFile:
    """The file being written; `folder` is what the pairs' image paths are relative to.

    A picture whose path is absolute is named, not copied in.
    """

    def __init__(self, path: Path, folder: Path) -> None:
        self._schema, self._folder = _schema(), folder
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")  # type: ignore[no-untyped-call]
        self._waiting: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._flush()
        self._writer.close()  # type: ignore[no-untyped-call]

    def add(self, pair: PreferencePair) -> None:
        """One more row, its pictures read now."""
        self._waiting.append(_row(pair, self._folder))
        is_named = Path(pair.images[0]).is_absolute()
        if len(self._waiting) == (ROWS_WITHOUT_PICTURES if is_named else ROWS_PER_GROUP):
            self._flush()

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.Table.from_pylist(self._waiting, schema=self._schema))  # type: ignore[no-untyped-call]
            self._waiting = []


def _schema() -> pa.Schema:
    fields = [
        ("images", _IMAGES),
        ("prompt", _MESSAGES),
        ("chosen", _MESSAGES),
        ("rejected", _MESSAGES),
        *_PLAIN.items(),
    ]
    metadata = {"huggingface": json.dumps({"info": {"features": _features()}}, sort_keys=True)}
    return pa.schema(fields, metadata=metadata)


def _features() -> dict[str, Any]:
    """The columns as `datasets` describes them, so that `images` are decoded and not shown as bytes."""
    text = {"dtype": "string", "_type": "Value"}
    messages = {"feature": {"role": text, "content": text}, "_type": "List"}
    plain = {name: {"dtype": _HF_TYPES[kind], "_type": "Value"} for name, kind in _PLAIN.items()}
    images = {"feature": {"_type": "Image"}, "_type": "List"}
    return {"images": images, "prompt": messages, "chosen": messages, "rejected": messages, **plain}


def _row(pair: PreferencePair, folder: Path) -> dict[str, Any]:
    return {
        "images": [_image(Path(name), folder) for name in pair.images],
        **{
            side: [turn.model_dump() for turn in getattr(pair, side)]
            for side in ("prompt", "chosen", "rejected")
        },
        "weight": pair.weight,
        "chosen_level": pair.chosen_level.value,
        "rejected_level": pair.rejected_level.value,
        "pair_id": pair.pair_id,
        "frame_id": pair.frame_id,
        "scene_id": pair.scene_id,
    }


def _image(path: Path, folder: Path) -> dict[str, Any]:
    if path.is_absolute():
        return {"bytes": None, "path": str(path)}
    return {"bytes": (folder / path).read_bytes(), "path": path.name}
