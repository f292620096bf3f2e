"""The draws of a project stay what they were: modes, gold, the random share, returned frames, the demo's slips."""

from __future__ import annotations

from annotator.monitor.watching.returning import is_drawn
from annotator.review_order.ranking import is_in_random_share
from data.hashing import seeded_chance
from data.review.gold import gold_due
from data.review.line.modes import assign_mode
from data.vocabulary import Mode, Split


def test_the_same_parts_give_the_number_that_they_always_gave() -> None:
    assert seeded_chance("share", "frame-1") == 0.5062954454293305
    assert seeded_chance("place", "frame-1") == 0.6452308646459449
    assert seeded_chance("gold", 7, 12) == seeded_chance("gold", "7", "12") == 0.9645068935745794
    assert seeded_chance("gold-order", 7, "frame-1") == 0.7844421770327783
    assert seeded_chance("slip", "Ann", "frame-1") == 0.8868798822745173


def test_every_draw_picks_what_it_picked_in_earlier_versions() -> None:
    assert [n for n in range(3000) if is_drawn(3, "north", n, 0.001)] == [528, 1576, 2511, 2686]
    assert not is_in_random_share("frame-1")


def test_a_draw_with_a_key_repeats_and_tells_nobody_else() -> None:
    key, other = bytes(32), b"x" * 32
    assert [gold_due(key, 7, n, 0.5) for n in range(60)] == [gold_due(key, 7, n, 0.5) for n in range(60)]
    assert [gold_due(key, 7, n, 0.5) for n in range(60)] != [gold_due(other, 7, n, 0.5) for n in range(60)]
    modes = [assign_mode(key, f"frame-{n}", 7, Split.TRAIN) for n in range(200)]
    assert modes != [assign_mode(other, f"frame-{n}", 7, Split.TRAIN) for n in range(200)]
    assert set(modes) == set(Mode) - {Mode.STACK}
