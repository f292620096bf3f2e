"""Published worked examples of agreement and intervals; each names its source in the JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

CASES: dict[str, Any] = json.loads(
    Path(__file__).with_name("agreement_cases.json").read_text(encoding="utf-8")
)


def weights_of(name: str) -> Any:
    return None if name == "none" else name


def ratings_of(table: list[list[int]]) -> NDArray[np.float64]:
    """(2, n) ratings, 0, 1, 2 ..., that add up to a table of the first (rows) by the second annotator."""
    counts = np.array(table)
    rows, columns = np.indices(counts.shape)
    return np.array(
        [np.repeat(rows.ravel(), counts.ravel()), np.repeat(columns.ravel(), counts.ravel())], dtype=float
    )
