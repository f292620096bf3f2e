"""What an audit promises and what it does not: the certificate of a lot, in figures and in words. Pure.

`data.review.audit_bound` is the test behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from data.review.audit_bound import CONFIDENCE, alpha_of_lot, clean_audits_needed, missed_at_most
from data.review.audit_lots import FAST_S, PEOPLE_SEE
from data.text.phrases import counted
from data.vocabulary import LotEnd

RECALL_GOAL = 0.95
SMALL_LOT_SHARE = 0.5
"""From this share of a lot on the words say why so many of its frames have to be audited."""


@dataclass(frozen=True)
class AuditorPace:
    """Somebody who judged frames of a lot blind. `is_paused`: a lead has paused this person's answers."""

    name: str
    judged: int
    median_s: float | None
    is_hasty: bool
    is_paused: bool = False


@dataclass(frozen=True)
class OtherFrames:
    """Training frames that no lot covers, where a TELEOPERATION may be too: reviewed and verified lower; contested or
    waiting for another review; without a usable proposal or proposed TELEOPERATION and not reviewed; left out of the
    lot because they lie near a found miss or were on somebody's screen."""

    verified_lower: int = 0
    unsettled: int = 0
    unreviewed: int = 0
    left_out: int = 0


@dataclass(frozen=True)
class Certificate:
    """What an audit says of the frames of its lot that nobody has looked at.

    frames: those left; audited, misses: of the lot, unconfirmed ones among the misses; at_most: largest number of
    misses left that is not ruled out (people's own oversight included), None where nothing is ruled out; limit: the
    miss rate to be ruled out; more: audited frames still needed if no miss is found, 0 once certified, None after a
    miss. people_see: the share of misses that people recognise, at least; golds: how many gold frames show that, 0
    where it is assumed. found_since: TELEOPERATION frames found among the frames left after the lot was certified.
    cancelled: why a lead cancelled the audit. guideline: the number of the version in force, where it is newer than the
    end of the lot.
    """

    lot: int
    frames: int
    audited: int
    misses: int
    limit: float
    alpha: float
    at_most: int | None
    more: int | None
    people_see: float = PEOPLE_SEE
    golds: int = 0
    unconfirmed: int = 0
    end: LotEnd | None = None
    found_since: int = 0
    auditors: Sequence[AuditorPace] = field(default=())
    cancelled: str | None = None
    guideline: int | None = None

    @property
    def is_hasty(self) -> bool:
        return any(one.is_hasty and not one.is_paused for one in self.auditors)

    @property
    def is_doubted(self) -> bool:
        """Whether a certificate was given on judgements of people whose answers are paused since."""
        return self.end is LotEnd.CERTIFIED and any(one.is_paused for one in self.auditors)

    @property
    def is_stale(self) -> bool:
        """Whether a certificate was given that should not be relied on any more."""
        is_outdated = self.found_since > 0 or self.guideline is not None
        return self.is_doubted or (self.end is LotEnd.CERTIFIED and is_outdated)

    @property
    def is_exhausted(self) -> bool:
        """Whether every frame of the lot was looked at, so that there is nothing to certify."""
        return self.frames == 0

    @property
    def is_given(self) -> bool:
        """Whether the miss rate of what is left is below the limit, at the stated confidence."""
        if self.end is not None:
            return self.end is LotEnd.CERTIFIED and not self.is_doubted
        return self.more == 0 and not self.misses and not self.is_hasty and not self.is_exhausted

    @property
    def rate_at_most(self) -> float | None:
        """Upper bound on the miss rate of what is left, 0..1; None where nothing is ruled out or left."""
        if self.at_most is None or not self.frames:
            return None
        return min(1.0, self.at_most / self.frames)


def certify(
    *, lot: int, frames: int, audited: int, misses: int, limit: float, people_see: float = PEOPLE_SEE
) -> Certificate:
    """The certificate of lot number `lot` (from 1) of `frames` frames, of which `audited` were judged, as of now."""
    alpha = alpha_of_lot(lot)
    at_most = missed_at_most(frames, audited, misses, limit=limit, alpha=alpha, people_see=people_see)
    needed = clean_audits_needed(frames, limit=limit, alpha=alpha, people_see=people_see, audited=audited)
    return Certificate(
        lot=lot,
        frames=frames - audited,
        audited=audited,
        misses=misses,
        limit=limit,
        alpha=alpha,
        at_most=at_most,
        more=None if misses else needed - audited,
        people_see=people_see,
    )


def recall_at_least(found: int, certificate: Certificate) -> float | None:
    """Lower bound on the share found of the TELEOPERATION frames that were found or are left in the lot; None where
    nothing is ruled out, no frame is left or none was found."""
    if certificate.at_most is None or not certificate.frames or not found:
        return None
    return found / (found + certificate.at_most)


def recall_text(recall: float) -> str:
    """Never more than 99 %: no audit shows that nothing was missed.

    >>> recall_text(1.0), recall_text(0.9567)
    ('over 99%', 'at least 95%')
    """
    return "over 99%" if recall > 0.99 else f"at least {int(recall * 100)}%"  # noqa: PLR2004


def in_words(
    certificate: Certificate, found: int, others: OtherFrames | None = None
) -> tuple[list[str], list[str]]:
    """What the certificate promises, and what it does not."""
    promises = [standing(certificate), *_promises(certificate, found)]
    return [*promises, *_pace(certificate)], [
        *_not_counted(others),
        "It says nothing of a single frame: any one of those left may be a miss.",
        "It holds for these frames only, not for other drives, and for the guideline that people follow now.",
        _oversight(certificate),
        "It says nothing of AUTONOMY taken for SUPERVISION or the reverse.",
    ]


def stratum_in_words(name: str, certificate: Certificate) -> list[str]:
    """What the audit of frames that a lead picked says, and that it says nothing of others."""
    lines = [standing(certificate)]
    if certificate.at_most is not None and not certificate.is_exhausted and not certificate.is_doubted:
        then = " when it was given" if certificate.end is LotEnd.CERTIFIED else ""
        lines.append(
            f"At most {counted(certificate.at_most, 'TELEOPERATION frame')} "
            f"{'is' if certificate.at_most == 1 else 'are'} missed among the {certificate.frames:,} left{then}."
        )
    return [
        *lines,
        *since_the_end(certificate),
        *_pace(certificate),
        f"It speaks of the frames that a lead picked as {name} and of no others: nobody drew them, so nothing follows "
        "for the frames that were not picked, and they are in no certificate of those.",
        _oversight(certificate),
    ]


def _promises(certificate: Certificate, found: int) -> list[str]:
    if certificate.at_most is None or certificate.is_exhausted or certificate.is_doubted:
        return []
    recall = recall_at_least(found, certificate)
    then = " when it was given" if certificate.end is LotEnd.CERTIFIED else ""
    lines = [
        f"At most {counted(certificate.at_most, 'TELEOPERATION frame')} "
        f"{'is' if certificate.at_most == 1 else 'are'} missed among the {certificate.frames:,} left{then}."
    ]
    if not found:
        lines.append(
            "No TELEOPERATION frame is verified on the training side yet, so no share of them is found."
        )
    if recall is not None:
        enough = "" if recall >= RECALL_GOAL else f", which is below the goal of {RECALL_GOAL:.0%}"
        lines.append(
            f"Of the TELEOPERATION frames that are verified on the training side ({found:,}) or left in this lot, "
            f"{recall_text(recall)} are found{enough}."
        )
    return [*lines, *since_the_end(certificate)]


def since_the_end(certificate: Certificate) -> list[str]:
    """What has happened since a certificate was given and speaks for another audit."""
    if certificate.end is not LotEnd.CERTIFIED:
        return []
    found = f"{counted(certificate.found_since, 'TELEOPERATION frame')} came to light among them since; audit again."
    newer = f"Version {certificate.guideline} of the guideline is in force since and may draw the boundary elsewhere."
    return [*([found] if certificate.found_since else []), *([newer] if certificate.guideline else [])]


def standing(certificate: Certificate) -> str:
    """Where the certificate stands, in one or two sentences."""
    return _withdrawn(certificate) or _where_it_stands(certificate)


def _withdrawn(certificate: Certificate) -> str | None:
    """What a lead did that leaves no certificate; None where no lead did."""
    if certificate.end is LotEnd.CANCELLED:
        return f"A lead cancelled this audit, so it certifies nothing. Why: {certificate.cancelled}"
    if not certificate.is_doubted:
        return None
    doubted = ", ".join(one.name for one in certificate.auditors if one.is_paused)
    return (
        f"The certificate is suspended: it rests on judgements of {doubted}, whose answers are paused. It holds "
        "again when they are released; otherwise audit again."
    )


def _where_it_stands(certificate: Certificate) -> str:
    limit = f"{certificate.limit:.1%}"
    if certificate.is_exhausted and not certificate.misses:
        return "Every frame of the lot was looked at; nothing is left to certify."
    if certificate.end is LotEnd.MISSED or certificate.misses > certificate.unconfirmed:
        return (
            "A miss was found, so this lot proves nothing any more; the remaining frames form the next lot."
        )
    if certificate.unconfirmed:
        return (
            f"{counted(certificate.unconfirmed, 'frame')} of the lot was called TELEOPERATION by one person and waits "
            "for a second blind review or a lead; until then it counts as a miss."
        )
    if certificate.is_given:
        return (
            f"With {1 - certificate.alpha:.1%} confidence the TELEOPERATION miss rate of the frames that were left is "
            f"below {limit}, at whatever moment the audit is stopped. All lots of an audit together may be wrong once "
            f"in {round(1 / (1 - CONFIDENCE))}."
        )
    if certificate.is_hasty:
        return f"Not certified: people whose median is under {FAST_S:g} s did not look at what they judged."
    small = (
        " In a small lot nearly every frame has to be audited, because the limit is a rate among the few that are left."
        if certificate.more
        and certificate.more > SMALL_LOT_SHARE * (certificate.frames + certificate.audited)
        else ""
    )
    return (
        f"Not certified yet: {counted(certificate.more or 0, 'more audited frame')} without a miss would certify "
        f"{limit}." + small
    )


def _pace(certificate: Certificate) -> list[str]:
    if not certificate.auditors:
        return []
    people = "; ".join(
        f"{one.name} {one.judged:,}"
        + ("" if one.median_s is None else f" (median {one.median_s:.1f} s)")
        + (", paused" if one.is_paused else ", too fast to count" if one.is_hasty else "")
        for one in certificate.auditors
    )
    return [f"Judged blind by {people}."]


def _not_counted(others: OtherFrames | None) -> list[str]:
    if others is None:
        return []
    return [
        "It does not cover the rest of the training side, where TELEOPERATION frames may be missed too: "
        f"{others.verified_lower:,} reviewed and verified lower, {others.unsettled:,} contested or waiting for another "
        f"review, {others.unreviewed:,} unreviewed that were proposed TELEOPERATION or have no usable proposal, "
        f"{others.left_out:,} near a found miss or on somebody's screen when it was opened."
    ]


def _oversight(certificate: Certificate) -> str:
    see = f"{certificate.people_see:.0%}"
    if certificate.golds:
        return (
            f"It allows for what people overlook: of {counted(certificate.golds, 'TELEOPERATION gold')} that they "
            f"judged without a proposal they recognise at least {see} (lower bound at {CONFIDENCE:.0%}). If they "
            "recognise fewer of these frames, it does not hold."
        )
    return (
        f"It assumes that people recognise at least {see} of TELEOPERATION frames; gold has not measured it here. If "
        "they recognise fewer, it does not hold."
    )
