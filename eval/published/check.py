"""The paper's printed figures against its own confusion matrices: our check of ourselves, and of the source.

Everything is computed from Figure 3 by the functions that evaluate our own runs. No published figure stands for one
of this project's.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import yaml  # type: ignore[import-untyped]

from data.vocabulary import LEVELS
from eval.metrics.run_figures import run_figures
from eval.metrics.shares import RECALL
from eval.metrics.triage_metrics import Counts, default_costs
from eval.statistics.intervals import CONFIDENCE, RESAMPLES, SEED
from eval.statistics.rate import Undefined
from eval.statistics.values import Figure, Method, Part

VALUES = Path(__file__).with_name("published.yaml")


class Printed(Part):
    """One figure as printed: of a system, or of a system minus another."""

    system: str
    minus: str | None = None
    figure: str
    value: float
    decimals: int
    where: str


class PrintedMatrix(Part):
    """One system of Figure 3: (3, 3) frames, true by predicted."""

    name: str
    confusion: list[list[int]]


class PublishedValues(Part):
    """`published.yaml`."""

    source: str
    n: int
    systems: list[PrintedMatrix]
    printed: list[Printed]


class Recomputed(Part):
    """A printed figure beside what Figure 3 gives: equal to the printed precision, or not."""

    printed: Printed
    recomputed: float
    count: int | None
    n: int
    agrees: bool


class PublishedSystem(Part):
    """One system of the paper as Figure 3 has it.

    `accuracy_of_printed_recalls` is the accuracy that the recalls printed in the text would give on the same class
    sizes; null where the text does not print all three.
    """

    name: str
    confusion: list[list[int]]
    figures: dict[str, Figure]
    accuracy_of_printed_recalls: float | None


class PublishedCheck(Part):
    """What Figure 3 gives for every system, and each printed figure beside it."""

    source: str
    n: int
    systems: list[PublishedSystem]
    rows: list[Recomputed]

    def differences(self) -> list[Recomputed]:
        """The printed figures that Figure 3 does not give."""
        return [row for row in self.rows if not row.agrees]


@cache
def published_values() -> PublishedValues:
    """The printed matrices and figures."""
    return PublishedValues.model_validate(yaml.safe_load(VALUES.read_text(encoding="utf-8")))


def check_published() -> PublishedCheck:
    """Compute every figure from the printed matrices and compare it with what is printed."""
    values = published_values()
    systems = {system.name: _system(system, values) for system in values.systems}
    return PublishedCheck(
        source=values.source,
        n=values.n,
        systems=list(systems.values()),
        rows=[_recomputed(printed, systems) for printed in values.printed],
    )


def published_matrix(system: str) -> Counts:
    """(3, 4) confusion matrix of Figure 3; every frame has an assessment there."""
    printed = next(entry for entry in published_values().systems if entry.name == system)
    return np.column_stack([np.array(printed.confusion), np.zeros(len(LEVELS), dtype=np.int64)])


def _system(system: PrintedMatrix, values: PublishedValues) -> PublishedSystem:
    matrix = published_matrix(system.name)
    method = Method(confidence=CONFIDENCE, resamples=RESAMPLES, seed=SEED, costs=default_costs().tolist())
    return PublishedSystem(
        name=system.name,
        confusion=matrix.tolist(),
        # the paper does not say which frame is of which scene: one scene, so the bootstrap is not defined
        figures=run_figures(matrix[None], method),
        accuracy_of_printed_recalls=_accuracy_of_recalls(system.name, matrix, values),
    )


def _accuracy_of_recalls(system: str, matrix: Counts, values: PublishedValues) -> float | None:
    recalls = {
        entry.figure: entry.value
        for entry in values.printed
        if entry.system == system and entry.minus is None and entry.figure.startswith("recall_")
    }
    if len(recalls) < len(LEVELS):
        return None
    shares = [recalls[RECALL[level].key] for level in LEVELS]
    right = sum(round(share * frames) for share, frames in zip(shares, matrix.sum(-1), strict=True))
    return float(right / matrix.sum())


def _recomputed(printed: Printed, systems: dict[str, PublishedSystem]) -> Recomputed:
    figure = systems[printed.system].figures[printed.figure]
    value = _value(figure)
    if printed.minus is not None:
        value -= _value(systems[printed.minus].figures[printed.figure])
    return Recomputed(
        printed=printed,
        recomputed=value,
        count=figure.count if printed.minus is None else None,
        n=figure.n,
        agrees=abs(value - printed.value) <= 0.5 * 10.0**-printed.decimals + 1e-9,
    )


def _value(figure: Figure) -> float:
    if isinstance(figure.value, Undefined):
        raise ValueError(f"The printed matrices define every figure; this one is {figure.value}.")
    return figure.value
