"""Drawn roads: the same for the same number, their levels as the posterior says, their pictures as models are shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from data.demo.miniature.frames import HEIGHT_PX, WIDTH_PX, draw_frames
from data.demo.miniature.roads import HELD_OUT, Situation, posterior, road
from data.demo.miniature.words import all_words, lenient_level, peoples_words, students_words
from data.images.model_picture import model_picture_of
from data.vlm.reply import parse_reply, render_reply
from data.vocabulary import LEVELS, ReplyForm, TriageLevel


def test_levels_are_drawn_from_the_posterior() -> None:
    roads = [road(number) for number in range(3_000)]
    expected = np.mean([posterior(one.situation) for one in roads], axis=0)
    found = np.mean([[one.level is level for level in LEVELS] for one in roads], axis=0)
    assert found == pytest.approx(expected, abs=0.02)
    best = np.mean([max(posterior(one.situation)) for one in roads])
    assert 0.88 < best < 0.93


def test_held_out_roads_lie_on_streets_of_their_own() -> None:
    scenery = [
        {road(number).scene.scenery for number in some} for some in (range(HELD_OUT), range(HELD_OUT, 1500))
    ]
    assert not scenery[0] & scenery[1]
    assert road(7) == road(7)


def test_a_picture_is_shown_to_models_as_it_was_drawn_and_is_drawn_once(tmp_path: Path) -> None:
    (path,) = draw_frames([road(1)], tmp_path)
    drawn = path.read_bytes()
    shown = model_picture_of(path, width_px=WIDTH_PX)
    assert (shown.content, shown.width_px, shown.height_px) == (drawn, WIDTH_PX, HEIGHT_PX)
    path.write_bytes(b"kept")
    assert draw_frames([road(1)], tmp_path)[0].read_bytes() == b"kept"


def test_words_fit_their_level_and_can_be_read_back() -> None:
    situation = Situation("deer", gap_m=-0.5, distance_m=9.0)
    assert lenient_level(situation) is TriageLevel.AUTONOMY
    assert "in the lane" in students_words(situation, TriageLevel.AUTONOMY).reasoning
    assert "stands in the ego lane" in peoples_words(situation, TriageLevel.TELEOPERATION).reasoning
    for words in all_words(situation):
        assert parse_reply(render_reply(words, ReplyForm.LEVEL_FIRST)).assessment == words
