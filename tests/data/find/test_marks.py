from __future__ import annotations

import pytest
from pydantic import ValidationError
from sqlmodel import col, select

from data.errors import FindRefused, NotAllowed
from data.find.marks import OnMany, act_on_frames
from data.find.views import save_view, saved_views
from data.frames.named_lists import frames_marked
from data.review.adjudication import Settlement, adjudicate
from data.store.tables import SecondLook, TrailEntry
from data.vocabulary import MarkKind, PersonRole, TrailAct
from tests.builders import A, S, a_person, reviewed
from tests.data.find.test_pages import Asked, asked, nothing_rests

pytestmark = pytest.mark.each_store
__all__ = ["asked", "nothing_rests"]


def acts(asked: Asked, act: TrailAct) -> int:
    with asked.store.read() as session:
        return len(session.exec(select(TrailEntry).where(col(TrailEntry.act) == act)).all())


def test_an_act_on_many_is_one_row_per_frame_and_leaves_out_what_it_cannot_do(asked: Asked) -> None:
    verified, other, waiting = asked.training[:3]
    for frame in (verified, other):
        reviewed(asked.store, asked.ada, frame, A)
    given = OnMany(act="second_look", frames=[verified, waiting, other, verified], words="The sun blinds.")
    done = act_on_frames(asked.store, asked.lead, given)
    assert (done.done, [frame for frame, _ in done.refused]) == (2, [waiting])
    assert "is not verified" in done.refused[0][1]
    assert acts(asked, TrailAct.SENT_BACK) == 2
    assert asked.ids("second_look=open") == {verified, other}
    with asked.store.read() as session:
        assert {one.reason for one in session.exec(select(SecondLook))} == {"The sun blinds."}
    settled = Settlement(frame_id=verified, level=S, reasoning="x", action="x", reason="x")
    adjudicate(asked.store, asked.lead, settled)
    done = act_on_frames(asked.store, asked.lead, OnMany(act="gold", frames=[verified, other]))
    assert (done.done, len(done.refused), asked.ids("gold=yes")) == (1, 1, {verified})


def test_tags_and_lists_are_put_on_and_taken_off_and_found(asked: Asked) -> None:
    one, two = asked.training[:2]
    for given in (
        OnMany(act="tag", frames=[one, two, "nowhere"], words="  low   sun "),
        OnMany(act="tag", frames=[one], words="low sun"),
        OnMany(act="list", frames=[two], words="for March"),
        OnMany(act="untag", frames=[two], words="low sun"),
    ):
        done = act_on_frames(asked.store, asked.lead, given)
    assert done.done == 1
    assert acts(asked, TrailAct.MARKED_FRAME) == 4
    assert (asked.ids("tag=low+sun"), asked.ids("list=for+March")) == ({one}, {two})
    with asked.store.read() as session:
        assert frames_marked(session, MarkKind.TAG, "low sun") == {one}
    trainer = a_person(asked.store, "theo", PersonRole.TRAINER)
    assert act_on_frames(asked.store, trainer, OnMany(act="list", frames=[one], words="x")).done == 1
    with pytest.raises(NotAllowed):
        act_on_frames(asked.store, trainer, OnMany(act="tag", frames=[one], words="x"))
    with pytest.raises(NotAllowed):
        act_on_frames(asked.store, trainer, OnMany(act="gold", frames=[one]))
    with pytest.raises(NotAllowed):
        act_on_frames(asked.store, asked.ada, OnMany(act="second_look", frames=[one], words="why not"))
    with pytest.raises(FindRefused, match="1 to 64 characters"):
        act_on_frames(asked.store, asked.lead, OnMany(act="tag", frames=[one], words=" "))
    with pytest.raises(ValidationError):
        OnMany.model_validate({"act": "burn", "frames": [one]})


def test_a_view_is_kept_under_its_owner_s_name_for_it(asked: Asked) -> None:
    theo = a_person(asked.store, "theo", PersonRole.TRAINER)
    save_view(asked.store, theo, "wet nights", "cue=night&cue=rain")
    save_view(asked.store, asked.lead, "wet nights", "cue=rain")
    save_view(asked.store, asked.lead, "wet nights", "cue=rain&time=night&size=large")
    found = [(one.name, one.owner, one.is_own, one.address) for one in saved_views(asked.store, asked.lead)]
    assert found == [
        ("wet nights", "lena", True, "cue=rain&time=night"),
        ("wet nights", "theo", False, "cue=night&cue=rain"),
    ]
    save_view(asked.store, asked.lead, "wet nights", "")
    assert [one.owner for one in saved_views(asked.store, asked.lead)] == ["theo"]
    with pytest.raises(FindRefused, match="no filter 'weather'"):
        save_view(asked.store, asked.lead, "x", "weather=rain")
    with pytest.raises(NotAllowed):
        save_view(asked.store, asked.ada, "x", "cue=rain")
