"""The check against the paper's printed figures as lines of text."""

from __future__ import annotations

from eval.published.check import PublishedCheck, Recomputed


def published_table(check: PublishedCheck) -> str:
    """Each printed figure, what the printed matrix gives, and where they differ; the source first."""
    head = f"{'system':38} {'figure':24} {'printed':>8} {'Figure 3':>9}  where"
    differing = len(check.differences())
    recalls = [
        f"{one.name}: the recalls printed in the text give accuracy {one.accuracy_of_printed_recalls:.3f}, "
        f"its matrix {one.figures['accuracy'].value:.3f}."
        for one in check.systems
        if one.accuracy_of_printed_recalls is not None
    ]
    last = f"{differing} of {len(check.rows)} printed figures are not those of the printed matrices."
    return "\n".join([check.source.strip(), "", head, *map(_row, check.rows), "", *recalls, last])


def _row(row: Recomputed) -> str:
    printed = row.printed
    system = printed.system if printed.minus is None else f"{printed.system} minus {printed.minus}"
    count = "" if row.count is None else f" = {row.count}/{row.n}"
    differs = "" if row.agrees else "  DIFFERS"
    return (
        f"{system:38} {printed.figure:24} {printed.value:8.3f} {row.recomputed:9.3f}  "
        f"{printed.where}{count}{differs}"
    )
