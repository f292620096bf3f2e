from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from data.review.audit_bound import (
    alpha_of_lot,
    clean_audits_needed,
    is_below,
    log_ratio,
    missed_at_most,
)
from eval.certificate.certificate import (
    AuditorPace,
    Certificate,
    OtherFrames,
    certify,
    in_words,
    recall_at_least,
    recall_text,
)

ENDLESS = 10_000_000


def clean_needed(limit: float) -> int:
    """Clean audits until a lot without end is certified at 5 %, by the formula at the limit itself."""
    number = np.array([round(limit * ENDLESS)])
    return next(n for n in range(1, 1000) if log_ratio(number, ENDLESS, n, 0, limit=limit)[0] > np.log(20))


@pytest.mark.parametrize(("limit", "needed"), [(0.01, 392), (0.02, 180), (0.009, 441), (0.018, 202)])
def test_clean_audits_needed_in_a_lot_without_end(limit: float, needed: int) -> None:
    assert abs(clean_needed(limit) - needed) <= 1


def test_a_lot_of_seven_thousand_is_certified_after_six_hundred_clean_frames() -> None:
    needed = clean_audits_needed(7125, limit=0.01, alpha=alpha_of_lot(1), people_see=0.9)
    assert 450 < needed < 650
    assert is_below(7125, needed, limit=0.01, alpha=alpha_of_lot(1), people_see=0.9)
    assert not is_below(7125, needed - 1, limit=0.01, alpha=alpha_of_lot(1), people_see=0.9)


@pytest.mark.parametrize(
    ("frames", "limit", "fewest"), [(60, 0.2, 24), (200, 0.05, 129), (1000, 0.02, 275), (32, 0.01, 32)]
)
def test_the_fewest_clean_frames_are_named_where_the_bound_rises_again(
    frames: int, limit: float, fewest: int
) -> None:
    alpha = alpha_of_lot(1)
    assert clean_audits_needed(frames, limit=limit, alpha=alpha, people_see=0.9) == fewest
    told = [is_below(frames, n, limit=limit, alpha=alpha, people_see=0.9) for n in range(fewest + 1)]
    assert told == [False] * fewest + [True]


def test_all_lots_together_spend_five_percent() -> None:
    assert sum(alpha_of_lot(lot) for lot in range(1, 100_000)) == pytest.approx(0.05, abs=1e-6)


def test_an_audit_of_everything_leaves_nothing_to_certify_and_promises_no_share() -> None:
    done = certify(lot=1, frames=50, audited=50, misses=0, limit=0.01)
    assert (done.frames, done.at_most, done.is_given, done.rate_at_most) == (0, 0, False, None)
    promises, _ = in_words(done, 18)
    assert promises == ["Every frame of the lot was looked at; nothing is left to certify."]


def test_nothing_audited_rules_nothing_out() -> None:
    found = certify(lot=1, frames=5000, audited=0, misses=0, limit=0.01)
    assert not found.is_given
    assert found.at_most is None
    assert found.rate_at_most is None
    assert found.more is not None
    assert found.more > 400


def test_a_miss_ends_the_lot() -> None:
    found = certify(lot=1, frames=5000, audited=2000, misses=1, limit=0.01)
    assert not found.is_given
    assert found.more is None


def test_recall_counts_what_may_be_left_against_what_was_found() -> None:
    found = certify(lot=1, frames=7125, audited=700, misses=0, limit=0.01)
    assert found.is_given
    assert found.at_most is not None
    assert found.at_most < 0.01 * found.frames
    assert recall_at_least(1200, found) == pytest.approx(1200 / (1200 + found.at_most))
    assert recall_at_least(0, found) is None
    assert any("No TELEOPERATION frame is verified" in line for line in in_words(found, 0)[0])


def test_the_number_of_misses_left_agrees_with_the_rate_at_the_moment_of_certification() -> None:
    """Seven thousand frames: 549 clean ones certify below 1.0 %, and 1 % of the 6,576 left are 65.76 frames."""
    needed = clean_audits_needed(7125, limit=0.01, alpha=alpha_of_lot(1), people_see=0.9)
    found = certify(lot=1, frames=7125, audited=needed, misses=0, limit=0.01)
    assert found.at_most is not None
    assert found.is_given
    assert found.at_most < 0.01 * found.frames


def test_a_lot_is_judged_by_the_frames_that_are_left_now() -> None:
    """With few frames left the bound on what is left rises again: given at one count, not at a later one."""
    see, alpha = 0.9, alpha_of_lot(1)
    first = clean_audits_needed(1500, limit=0.01, alpha=alpha, people_see=see)
    later = next(
        n for n in range(first, 1500) if not is_below(1500, n, limit=0.01, alpha=alpha, people_see=see)
    )
    assert certify(lot=1, frames=1500, audited=first, misses=0, limit=0.01).is_given
    after = certify(lot=1, frames=1500, audited=later, misses=0, limit=0.01)
    assert not after.is_given
    assert after.more is not None
    assert certify(lot=1, frames=1500, audited=later + after.more, misses=0, limit=0.01).more == 0


@pytest.mark.parametrize("audited", range(400, 1500, 7))
def test_given_and_the_bound_shown_never_contradict_each_other(audited: int) -> None:
    found = certify(lot=1, frames=1500, audited=audited, misses=0, limit=0.01)
    if found.is_given:
        assert found.rate_at_most is not None
        assert found.rate_at_most < 0.01


def test_people_who_see_less_need_more_audits_and_leave_more_misses_open() -> None:
    sharp, dull = (
        certify(lot=1, frames=7125, audited=800, misses=0, limit=0.01, people_see=see) for see in (0.9, 0.6)
    )
    assert sharp.at_most is not None
    assert dull.at_most is not None
    assert sharp.at_most < dull.at_most
    assert missed_at_most(100, 100, 0, limit=0.01, alpha=0.05, people_see=0.5) == 0


def a_certificate(**changes: Any) -> Certificate:
    fields: dict[str, Any] = {
        **{"lot": 1, "frames": 6500, "audited": 625, "misses": 0, "limit": 0.01, "alpha": 0.025},
        **{"at_most": 54, "more": 0},
    }
    return Certificate(**{**fields, **changes})


def test_hasty_auditors_block_a_certificate_and_are_named_with_their_pace() -> None:
    slow, fast = AuditorPace("ada", 500, 3.25, is_hasty=False), AuditorPace("ben", 125, 0.62, is_hasty=True)
    assert a_certificate(auditors=[slow]).is_given
    blocked = a_certificate(auditors=[slow, fast])
    assert not blocked.is_given
    promises, _ = in_words(blocked, 100)
    assert promises[0] == "Not certified: people whose median is under 1 s did not look at what they judged."
    assert (
        promises[-1] == "Judged blind by ada 500 (median 3.2 s); ben 125 (median 0.6 s), too fast to count."
    )


def test_the_share_found_says_of_which_frames_it_speaks_and_never_promises_all_of_them() -> None:
    others = OtherFrames(verified_lower=2300, unsettled=12, unreviewed=40, left_out=8)
    promises, silences = in_words(a_certificate(), 1169, others)
    assert promises[2] == (
        "Of the TELEOPERATION frames that are verified on the training side (1,169) or left in this lot, "
        "at least 95% are found."
    )
    assert "2,300 reviewed and verified lower" in silences[0]
    assert "100%" not in " ".join(in_words(a_certificate(at_most=0), 18)[0])
    assert recall_text(1.0) == "over 99%"


def test_an_unconfirmed_miss_counts_and_is_said_to_wait_for_a_second_person() -> None:
    found = a_certificate(misses=1, unconfirmed=1, more=None, at_most=80)
    assert not found.is_given
    assert "waits for a second blind review" in in_words(found, 10)[0][0]


def test_what_people_see_is_named_as_measured_or_as_assumed() -> None:
    assert any("gold has not measured it" in text for text in in_words(a_certificate(), 10)[1])
    measured = in_words(a_certificate(people_see=0.83, golds=64), 10)[1]
    assert any("64 TELEOPERATION golds" in text and "at least 83%" in text for text in measured)


def test_the_words_promise_no_single_frame() -> None:
    found = certify(lot=1, frames=7125, audited=700, misses=0, limit=0.01)
    promises, silences = in_words(found, 1200)
    assert "below 1.0%" in promises[0]
    assert any("single frame" in text for text in silences)
    waiting, _ = in_words(certify(lot=1, frames=7125, audited=0, misses=0, limit=0.01), 0)
    assert waiting[0].startswith("Not certified yet")
