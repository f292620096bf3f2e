"""When the unreviewed rest may be trusted: an anytime-valid upper bound on its miss rate. Pure.

A lot of N frames is audited in a random order. For every number K of misses that the lot may hold, the audit so far
(k misses in n frames) is tested by a likelihood ratio: a mixture over miss rates, Beta(1, 200) truncated to rates
below the limit, against drawing without replacement from a lot with K misses. For the true K that ratio is a
martingale, so the chance that it ever exceeds 1 / alpha is at most alpha however often one looks (Ville 1939;
Waudby-Smith & Ramdas 2020 for drawing without replacement). K is ruled out where it does, and the largest K that is
not is the bound. Without the truncation a stream far above the limit would be certified.

A miss ends a lot. Several lots share one alpha: lot j of an audit may spend alpha / (j (j + 1)). It stands below the
use cases because the answer that completes an audit closes its lot.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, betaln, gammaln

Floats = npt.NDArray[np.float64]

CONFIDENCE = 0.95
PRIOR_A, PRIOR_B = 1.0, 200.0


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
    lot_misses: npt.NDArray[np.int64],
    frames: int,
    audited: int | npt.NDArray[np.int64],
    misses: int,
    *,
    limit: float,
) -> Floats:
    """(len(lot_misses),) log of the mixture over the chance of this audit, were that many misses in the lot;
    infinite for numbers that the audit makes impossible. audited: of all, or one for each."""
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


def log_mixture(audited: int | npt.NDArray[np.int64], misses: int, *, limit: float) -> Floats:
    """Log chance of an audit's sequence under the mixture over miss rates below `limit`."""
    a, b = PRIOR_A + misses, PRIOR_B + audited - misses
    below = betainc(a, b, limit) / betainc(PRIOR_A, PRIOR_B, limit)
    found = betaln(a, b) - betaln(PRIOR_A, PRIOR_B) + np.log(np.maximum(below, np.finfo(float).tiny))
    return np.asarray(found)


def clean_audits_needed(
    frames: int, *, limit: float, alpha: float, people_see: float, audited: int = 0
) -> int:
    """The fewest clean frames, `audited` or more, that certify a lot of so many frames; all of them at most.

    With fewer frames left the bound on what is left can rise again, so each number is looked at for itself. A clean
    audit rules larger numbers of misses out first: it suffices that the smallest number at the limit is ruled out.
    """
    clean = np.arange(audited, frames)
    too_many = np.ceil(limit * people_see * (frames - clean)).astype(np.int64)
    enough = clean[log_ratio(too_many, frames, clean, 0, limit=limit * people_see) >= -np.log(alpha)]
    return int(enough[0]) if len(enough) else frames


def is_below(frames: int, audited: int, *, limit: float, alpha: float, people_see: float) -> bool:
    """Whether an audit without a miss rules out that what is left has a miss rate at the limit or above.

    people_see: the share of misses that people recognise when they are shown one; the test is against that part of
    the limit.
    """
    left = frames - audited
    if left == 0:
        return True
    seen = misses_at_most(frames, audited, 0, limit=limit * people_see, alpha=alpha)
    return seen is not None and seen < limit * people_see * left


def missed_at_most(
    frames: int, audited: int, misses: int, *, limit: float, alpha: float, people_see: float
) -> int | None:
    """The most misses that may be among the frames left, those that people would overlook included: M of them are
    possible only if people_see x M would be. None where nothing is ruled out."""
    seen = misses_at_most(frames, audited, misses, limit=limit * people_see, alpha=alpha)
    return None if seen is None else min(frames - audited, int((seen - misses) / people_see + 1e-9))
