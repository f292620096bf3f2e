"""Coverage of the catalogue's scenarios as a table whose numbers lead to their frames."""

from __future__ import annotations

from annotator.widgets.frame_links import counted_frames
from annotator.widgets.page import plain
from data.find.question import About
from data.text.phrases import counted
from data.vocabulary import TriageLevel, VerificationState
from eval.coverage.from_store import Coverage
from eval.coverage.need import ScenarioCoverage
from eval.presentation.in_words import percent_range
from eval.statistics.rate import Rate, Undefined

_VERIFIED = (About.STATE, VerificationState.VERIFIED.value)
_TELEOPERATION = (About.LEVEL, TriageLevel.TELEOPERATION.value)
_HEADS = (
    "Frames",
    "Verified",
    "TELEOPERATION",
    "Of the random share",
    "95 % interval, over scenes",
    "Missed",
)


def coverage_html(found: Coverage) -> str:
    """Every scenario, the neediest first; figures that are not defined say why."""
    heads = "".join(f'<th class="n" scope="col">{head}</th>' for head in _HEADS)
    rows = "".join(_row(one) for one in found.scenarios)
    missed = (
        f"Missed: by {found.run}, of verified held-out TELEOPERATION." if found.run else found.no_run or ""
    )
    note = (
        f"{counted(found.frames, 'usable frame')} that a camera took, {found.verified:,} verified; the scenario that "
        f"needs verified frames most comes first. The share of TELEOPERATION is that of the random share. {missed}"
    )
    return (
        f'<p class="tt-note">{plain(note)}</p>'
        '<div class="tt-wide" role="region" aria-label="Coverage by scenario" tabindex="0">'
        f'<table class="tt-table"><tr><th scope="col">Scenario</th>{heads}</tr>{rows}</table></div>'
    )


def _row(one: ScenarioCoverage) -> str:
    shown, count = (About.SCENARIO, one.count.key), one.count
    cells = (
        counted_frames(count.frames, shown),
        counted_frames(count.verified, shown, _VERIFIED),
        counted_frames(count.teleoperation, shown, _VERIFIED, _TELEOPERATION),
        _share(one.share),
        "—" if isinstance(one.interval, Undefined) else percent_range(one.interval),
        _share(one.missed),
    )
    return (
        f'<tr><th scope="row">{plain(count.title)}</th>'
        + "".join(f'<td class="n">{cell}</td>' for cell in cells)
        + "</tr>"
    )


def _share(share: Rate | Undefined) -> str:
    return "—" if isinstance(share, Undefined) else f"{share.count:,} of {share.n:,}"
