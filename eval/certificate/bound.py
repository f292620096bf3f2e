"""When the unreviewed rest may be trusted: an anytime-valid upper bound on its miss rate. Pure.

A lot of N frames is audited in a random order. For every number K of misses that the lot may hold, the audit so far
(k misses in n frames) is tested by a likelihood ratio: a mixture over miss rates, Beta(1, 200) truncated to rates
below the limit, against drawing without replacement from a lot with K misses. For the true K that ratio is a
martingale, so the chance that it ever exceeds 1 / alpha is at most alpha however often one looks (Ville 1939;
Waudby-Smith & Ramdas 2020 for drawing without replacement). K is ruled out where it does, and the largest K that is
not is the bound. Without the truncation a stream far above the limit would be certified.

A miss ends a lot. Several lots share one alpha: lot j of an audit may spend alpha / (j (j + 1)).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, betaln, gammaln

Floats = npt.NDArray[np.float64]

CONFIDENCE = 0.95
PEOPLE_SEE = 0.9
"""Of the misses that people are shown they recognise about nine in ten, so the test is against 0.9 of the limit."""
PRIOR_A, PRIOR_B = 1.0, 200.0
RECALL_GOAL = 0.95


@dataclass(frozen=True)
class Certificate:
    """What an audit says of the frames of its lot that are still unreviewed.

    frames: those left; audited, misses: of the lot; at_most: largest number of misses left that is not ruled out
    (people's own oversight included), None where nothing is ruled out; limit: the miss rate to be ruled out;
    more: audited frames still needed if no miss is found; 0 once certified, None after a miss.
    """

    lot: int
    frames: int
    audited: int
    misses: int
    limit: float
    alpha: float
    at_most: int | None
    more: int | None

    @property
    def is_given(self) -> bool:
        """Whether the miss rate of what is left is below the limit, at the stated confidence."""
        return self.more == 0 and self.misses == 0

    @property
    def rate_at_most(self) -> float | None:
        """Upper bound on the miss rate of what is left, 0..1."""
        if self.at_most is None:
            return None
        return min(1.0, self.at_most / self.frames) if self.frames else 0.0


def certify(*, lot: int, frames: int, audited: int, misses: int, limit: float) -> Certificate:
    """The certificate of lot number `lot` (from 1) of `frames` frames, of which `audited` were judged."""
    alpha = alpha_of_lot(lot)
    seen = misses_at_most(frames, audited, misses, limit=limit * PEOPLE_SEE, alpha=alpha)
    left = frames - audited
    at_most = None if seen is None else int(np.ceil((seen - misses) / PEOPLE_SEE))
    more = None if misses else clean_audits_needed(frames, limit=limit, alpha=alpha)
    return Certificate(
        lot=lot,
        frames=left,
        audited=audited,
        misses=misses,
        limit=limit,
        alpha=alpha,
        at_most=None if at_most is None else min(at_most, left),
        more=None if more is None else max(0, more - audited),
    )


def alpha_of_lot(lot: int, *, confidence: float = CONFIDENCE) -> float:
    """What lot j may spend of the chance to be wrong; all lots together spend no more than 1 - confidence.

    >>> [round(1 / alpha_of_lot(lot)) for lot in (1, 2, 3)]
    [40, 120, 240]
    """
    return (1 - confidence) / (lot * (lot + 1))


def misses_at_most(frames: int, audited: int, misses: int, *, limit: float, alpha: float) -> int | None:
    """The largest number of misses in the whole lot that is not ruled out; None where none is."""
    if audited == frames:
        return misses
    numbers = np.arange(frames + 1)
    ratio = log_ratio(numbers, frames, audited, misses, limit=limit)
    kept = numbers[ratio < -np.log(alpha)]
    return None if len(kept) == 0 or kept[-1] >= frames - audited + misses else int(kept[-1])


def log_ratio(
    lot_misses: npt.NDArray[np.int64], frames: int, audited: int, misses: int, *, limit: float
) -> Floats:
    """(len(lot_misses),) log of the mixture over the chance of this audit, were that many misses in the lot;
    infinite for numbers that the audit makes impossible."""
    clean = audited - misses
    possible = (lot_misses >= misses) & (frames - lot_misses >= clean)
    safe = np.where(possible, lot_misses, misses)
    drawn = (
        gammaln(safe + 1)
        - gammaln(safe - misses + 1)
        + gammaln(frames - safe + 1)
        - gammaln(np.maximum(frames - safe - clean, 0) + 1)
        - gammaln(frames + 1)
        + gammaln(frames - audited + 1)
    )
    return np.where(possible, log_mixture(audited, misses, limit=limit) - drawn, np.inf)


def log_mixture(audited: int, misses: int, *, limit: float) -> float:
    """Log chance of an audit's sequence under the mixture over miss rates below `limit`."""
    a, b = PRIOR_A + misses, PRIOR_B + audited - misses
    below = betainc(a, b, limit) / betainc(PRIOR_A, PRIOR_B, limit)
    return float(betaln(a, b) - betaln(PRIOR_A, PRIOR_B) + np.log(max(below, np.finfo(float).tiny)))


def clean_audits_needed(frames: int, *, limit: float, alpha: float) -> int:
    """How many frames without a miss certify a lot of so many frames; all of them at most."""
    low, high = 0, frames
    while low < high:
        middle = (low + high) // 2
        if is_below(frames, middle, limit=limit, alpha=alpha):
            high = middle
        else:
            low = middle + 1
    return low


def is_below(frames: int, audited: int, *, limit: float, alpha: float) -> bool:
    """Whether an audit without a miss rules out that what is left has a miss rate at the limit or above."""
    left = frames - audited
    if left == 0:
        return True
    seen = misses_at_most(frames, audited, 0, limit=limit * PEOPLE_SEE, alpha=alpha)
    return seen is not None and seen < limit * PEOPLE_SEE * left


def recall_at_least(found: int, certificate: Certificate) -> float | None:
    """Lower bound on TELEOPERATION recall: what was found over that and the most that may be left; None if open."""
    if certificate.at_most is None or found + certificate.at_most == 0:
        return None
    return found / (found + certificate.at_most)


def in_words(certificate: Certificate, found: int) -> tuple[list[str], list[str]]:
    """What the certificate promises, and what it does not."""
    percent = f"{certificate.limit:.1%}"
    recall = recall_at_least(found, certificate)
    promises = [_standing(certificate, percent)]
    if certificate.at_most is not None:
        promises.append(
            f"At most {certificate.at_most:,} TELEOPERATION frames are missed among the {certificate.frames:,} left."
        )
    if recall is not None:
        enough = "" if recall >= RECALL_GOAL else f", which is below the goal of {RECALL_GOAL:.0%}"
        promises.append(
            f"Of all TELEOPERATION frames at least {recall:.0%} are found ({found:,} so far){enough}."
        )
    return promises, [
        "It says nothing of a single frame: any one of those left may be a miss.",
        "It holds for these frames only, not for other drives, and for the guideline that people follow now.",
        "It counts a miss where people see one; it allows for one in ten that they overlook, and for no more.",
        "It says nothing of AUTONOMY taken for SUPERVISION or the reverse.",
    ]


def _standing(certificate: Certificate, percent: str) -> str:
    if certificate.misses:
        return "A miss was found, so this lot proves nothing any more; what is left is the next lot."
    if certificate.is_given:
        return (
            f"With {CONFIDENCE:.0%} confidence the TELEOPERATION miss rate of what is left is below {percent}, "
            "however often anybody looked."
        )
    return (
        f"Not certified yet: {certificate.more:,} more audited frames without a miss would certify {percent}."
    )
