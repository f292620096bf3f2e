from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from data.alike.embed import embed_locally
from data.alike.more_like import alike_frames
from data.alike.vectors import current_vectors
from data.errors import FindRefused, NotAllowed, VectorsError
from data.find import current
from data.find.pages import FoundPage, count_values, emptied_by, find_frames
from data.find.question import About, from_address
from data.overview.frame_history import next_in_line
from data.review.adjudication import Settlement, adjudicate
from data.review.gold import make_gold
from data.review.line.next_requests import request_next, withdraw_next
from data.review.notes import Note, note_frame
from data.review.second_looks import send_back
from data.review.serving import ServedFrame, lease_frames, release_leases
from data.store.opening import Store
from data.store.tables import Frame, FrameLook, FrameStack
from data.vocabulary import NoteKind, PersonRole, Split
from tests.builders import A, S, T, a_person, a_store, frames_of, reviewed

pytestmark = pytest.mark.each_store
SCENES = {"scene-0001": 6, "scene-0002": 6, "scene-0003": 6}


@pytest.fixture(autouse=True)
def nothing_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(current, "REST", 0.0)
    monkeypatch.setattr(current, "LONG_S", float("inf"))


class Asked:
    """A store, a lead who asks, and two people who review."""

    def __init__(self, folder: Path) -> None:
        self.store: Store = a_store(folder, scenes=SCENES, teacher=A)
        self.lead = a_person(self.store, "lena", PersonRole.LEAD)
        self.ada, self.ben = a_person(self.store, "ada"), a_person(self.store, "ben")
        self.training = [
            one.frame.id for one in lease_frames(self.store, self.ada, n=100) if self._trains(one)
        ]
        release_leases(self.store, self.ada)

    @staticmethod
    def _trains(served: ServedFrame) -> bool:
        return served.scene.split is Split.TRAIN

    def page(self, address: str, **how: object) -> FoundPage:
        return find_frames(self.store, self.lead, from_address(address), **how)  # type: ignore[arg-type]

    def ids(self, address: str) -> set[str]:
        return {one.frame_id for one in self.page(address, n=500).frames}

    def count(self, about: About, value: str, address: str = "") -> int:
        counts = count_values(self.store, self.lead, from_address(address))[about]
        return {one.value: one.frames for one in counts}[value]


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    return Asked(tmp_path)


def test_each_question_of_a_lead_is_one_address(asked: Asked) -> None:
    missed, changed, agreed = asked.training[:3]
    reviewed(asked.store, asked.ada, missed, T)
    reviewed(asked.store, asked.ben, missed, A, reasoning=None, action=None)
    reviewed(asked.store, asked.ada, changed, S, reason_code="visibility")
    reviewed(asked.store, asked.ben, agreed, A, reasoning=None, action=None)
    assert asked.ids("proposed=AUTONOMY&said=TELEOPERATION") == {missed}
    assert asked.ids("cell=AUTONOMY:TELEOPERATION") == {missed}
    assert asked.ids("state=contested&disagreement=two_levels") == {missed}
    assert asked.ids("person=ada&verdict=correct") == {missed, changed}
    assert asked.ids("person=ada&person=ben") == {missed}
    assert asked.ids("person=ben&said=TELEOPERATION") == set()
    assert asked.ids("reason=visibility") == {changed}
    assert asked.ids("level=AUTONOMY&split=train") == {agreed}
    assert asked.ids("student=AUTONOMY") == {one for scene in SCENES for one in frames_of(scene, 6)}


def test_an_act_is_found_at_once(asked: Asked) -> None:
    frame, other = asked.training[:2]
    assert asked.ids("state=verified") == set()
    reviewed(asked.store, asked.ada, frame, A)
    assert asked.ids("state=verified") == {frame}
    note = Note(token="flagged-0001", frame_id=frame, kind=NoteKind.FLAG, reason="What is this?")
    note_frame(asked.store, asked.ada, note)
    assert asked.ids("flag=open") == {frame}
    send_back(asked.store, asked.lead, frame, "Look again.")
    assert asked.ids("second_look=open&state=contested") == {frame}
    settled = Settlement(frame_id=frame, level=S, reasoning="x", action="x", reason="x")
    adjudicate(asked.store, asked.lead, settled)
    assert (asked.ids("second_look=open"), asked.ids("level=SUPERVISION")) == (set(), {frame})
    make_gold(asked.store, asked.lead, frame)
    assert asked.ids("gold=yes") == {frame}
    with asked.store.write() as session:
        row = session.get_one(Frame, other)
        row.cues = {"night": "the description says so", "rain": "the description says so"}
        session.add(row)
    assert asked.ids("cue=night&cue=rain&time=night") == {other}


def test_frames_that_a_lead_has_reviewed_next_are_found_and_lead_the_queue(asked: Asked) -> None:
    order = [one.frame_id for one in asked.page("queue=waiting", n=500).frames]
    first, last, middle = order[0], order[-1], order[9]
    request_next(asked.store, asked.lead, [last], "")
    request_next(asked.store, asked.lead, [middle], "ada, ben")
    assert asked.ids("next=anybody") == {last, middle}
    assert asked.ids("next=everybody") == {last}
    assert asked.ids("next=by:ada") == asked.ids("next=by:ada&next=by:ben") == {middle}
    assert asked.count(About.NEXT, "by:ben") == asked.count(About.NEXT, "everybody") == 1
    line = [one.frame_id for one in asked.page("queue=first_10").frames]
    assert line == [middle, last, *order[:8]]
    shown = next_in_line(asked.store, asked.lead)
    assert [one.frame.id for one in shown][:3] == [middle, last, first]
    assert shown[1].asked_next == ("asked for next by lena, of everybody",)
    assert asked.page("next=anybody").frames[0].proposed is None  # it tells nothing that was said
    withdraw_next(asked.store, asked.lead, [last])
    reviewed(asked.store, asked.ada, middle, A, reasoning=None, action=None)
    assert asked.ids("queue=waiting") == set(order) - {middle}
    with pytest.raises(FindRefused, match="'by:ada' is no value of next"):
        asked.ids("next=by:ada")


def test_pages_follow_each_other_without_a_gap(asked: Asked) -> None:
    for address in (
        "",
        "sort=time",
        "sort=-time",
        "sort=disagreement",
        "sort=seconds",
        "sort=-teleoperation",
    ):
        whole = [one.frame_id for one in asked.page(address, n=500).frames]
        assert len(whole) == len(set(whole)) == 18
        walked, after = [], None
        while True:
            page = asked.page(address, n=4, after=after)
            walked += [one.frame_id for one in page.frames]
            after = page.after
            if after is None:
                break
        assert walked == whole


def test_the_queue_is_in_the_order_in_which_frames_are_served(asked: Asked) -> None:
    served = [one.frame.id for one in lease_frames(asked.store, asked.ada, n=5)]
    assert [one.frame_id for one in asked.page("queue=waiting", n=5).frames] == served
    assert asked.ids("queue=first_10") == {one.frame_id for one in asked.page("", n=10).frames}


def test_counts_say_how_many_frames_each_value_would_bring(asked: Asked) -> None:
    missed, changed = asked.training[:2]
    reviewed(asked.store, asked.ada, missed, T)
    reviewed(asked.store, asked.ben, missed, A)
    reviewed(asked.store, asked.ada, changed, S)
    assert asked.count(About.SAID, "SUPERVISION", "said=TELEOPERATION") == 1
    assert asked.count(About.SAID, "TELEOPERATION", "person=ben") == 0
    assert asked.count(About.PERSON, "ada") == 2
    assert asked.count(About.PERSON, "ben", "person=ada") == 1
    assert asked.count(About.STATE, "contested", "scene=scene-0001&scene=scene-0002") == 0
    assert asked.count(About.MODE, "assisted") + asked.count(About.MODE, "decide_first") >= 1
    every = count_values(asked.store, asked.lead, from_address(""))
    assert sum(one.frames for one in every[About.STATE]) == 18
    assert set(every) == set(About) - {About.LIKE}


def test_an_unknown_value_is_named_and_an_empty_answer_says_why(asked: Asked) -> None:
    with pytest.raises(FindRefused, match="'snow' is no value of cue"):
        asked.page("cue=snow")
    with pytest.raises(FindRefused, match="holds no word"):
        asked.page("words=...")
    question = from_address("scene=scene-0001&state=verified&words=cones")
    assert asked.page("scene=scene-0001&state=verified&words=cones").n == 0
    assert emptied_by(asked.store, asked.lead, question) == [(1, 6)]


def test_the_words_of_everybody_are_found_on_both_databases_alike(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 3, "scene-0002": 3}, teacher=A)
    lead, ada = a_person(store, "lena", PersonRole.LEAD), a_person(store, "ada")
    training = [one.frame.id for one in lease_frames(store, ada, n=9) if one.scene.split is Split.TRAIN]
    release_leases(store, ada)
    first, second, third = training[:3]
    reviewed(
        store,
        ada,
        first,
        S,
        reasoning="A left-turn lane is closed; Ärger droht.",
        action="Watch the 2nd car.",
    )
    reviewed(
        store, ada, second, S, reasoning="He can't turn <b>left</b>, ahead/behind.", action="Wait: 3.5 m."
    )
    note = Note(
        token="flagged-0001", frame_id=third, kind=NoteKind.FLAG, reason="Is the turnstile left open?"
    )
    note_frame(store, lead, note)

    def found(words: str) -> set[str]:
        return {
            one.frame_id
            for one in find_frames(store, lead, from_address(f"words={words}"), n=50).frames
            if one.frame_id in training[:3]
        }

    assert found("turn+left") == {first, second}
    assert found("LEFT-TURN") == {first, second}
    assert found("turn*+left") == {first, second, third}
    assert found("behind") == {second}
    assert found("3+5") == {second}
    assert found("can+t") == {second}
    assert found("ärger") == {first}
    assert found("closed+wait") == set()
    assert found("2nd") == {first}


def test_who_sees_what_was_said_is_not_asked_any_more(asked: Asked) -> None:
    decided = asked.training[0]
    reviewed(asked.store, asked.ada, decided, A)
    page = asked.page("").frames
    assert asked_looks(asked) == set()
    assert {one.frame_id for one in page if one.proposed is not None or one.said or one.level} == {decided}
    scene = next(one.scene for one in page if one.frame_id in asked.training[1:])
    waiting = {one.frame_id for one in page if one.scene == scene} - {decided}
    assert all(one.proposed for one in asked.page(f"scene={scene}&proposed=AUTONOMY").frames)
    assert asked_looks(asked) == waiting
    assert not waiting & {one.frame.id for one in lease_frames(asked.store, asked.lead, n=100)}


def test_frames_that_a_lead_is_reviewing_are_not_there(asked: Asked) -> None:
    held = {one.frame.id for one in lease_frames(asked.store, asked.lead, n=3)}
    page = asked.page("", n=50)
    assert (page.held, page.n) == (3, 15)
    assert not held & {one.frame_id for one in page.frames}
    assert asked.count(About.STATE, "awaiting") == 15


def asked_looks(asked: Asked) -> set[str]:
    with asked.store.read() as session:
        return set(session.exec(select(FrameLook.frame_id).where(FrameLook.person_id == asked.lead)))


@pytest.mark.parametrize("role", [PersonRole.ANNOTATOR, PersonRole.ADMIN, PersonRole.OPERATOR])
def test_only_those_who_see_progress_find_frames(asked: Asked, role: PersonRole) -> None:
    other = a_person(asked.store, "olga", role)
    for ask in (find_frames, count_values, emptied_by):
        with pytest.raises(NotAllowed):
            ask(asked.store, other, from_address(""))


def test_frames_like_one_come_nearest_first_among_those_asked_for(asked: Asked, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    one, scene = asked.training[0], asked.page("").frames[0].scene
    with pytest.raises(FindRefused, match="teletriage embed"):
        asked.page(f"like={one}", workspace=workspace)
    workspace.mkdir(exist_ok=True)
    embed_locally(asked.store, workspace)
    with asked.store.read() as session:
        vectors = current_vectors(workspace)
        assert vectors is not None
        nearest = [found.frame_id for found in alike_frames(session, vectors, one, n=17)]
    page = asked.page(f"like={one}", workspace=workspace)
    assert (page.n, {found.frame_id for found in page.frames}) == (17, set(nearest))
    assert page.frames[0].frame_id == nearest[0]
    only = asked.page(f"like={one}&scene={scene}", workspace=workspace, n=3).frames
    assert {found.scene for found in only} == {scene}
    with pytest.raises(VectorsError, match="'nowhere' has no vector"):
        asked.page("like=nowhere", workspace=workspace)
    assert asked_looks(asked) == set()


def test_frames_like_one_that_the_person_is_reviewing_tell_no_levels(asked: Asked, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir(exist_ok=True)
    embed_locally(asked.store, workspace)
    held = lease_frames(asked.store, asked.lead, n=1)[0].frame.id
    decided = next(one for one in asked.training if one != held)
    reviewed(asked.store, asked.ada, decided, A)
    other = next(one for one in asked.training if one not in (held, decided))

    def levels(like: str) -> set[object]:
        page = asked.page(f"like={like}", workspace=workspace, n=50).frames
        return {level for one in page for level in (one.proposed, one.level, *one.said) if level is not None}

    assert (levels(other), levels(held)) == ({A.value, A}, set())
    for more in ("levels=all", "level=AUTONOMY", "words=cones", "sort=suspicion"):
        with pytest.raises(FindRefused, match="You are reviewing this frame"):
            asked.page(f"like={held}&{more}", workspace=workspace)
    release_leases(asked.store, asked.lead)
    assert levels(held)


def test_look_alikes_of_a_standing_vehicle_are_one_frame_where_that_is_asked_for(
    asked: Asked, tmp_path: Path
) -> None:
    stack, other = asked.training[:4], asked.training[4]
    with asked.store.write() as session:
        session.add_all(FrameStack(frame_id=one, first_id=stack[0]) for one in stack)
    marker = tmp_path / "workspace" / "vectors" / "stacks"
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.write_text("1\n")
    reviewed(asked.store, asked.ada, stack[2], A)
    reviewed(asked.store, asked.ada, other, A)
    whole = asked.page("split=train&sort=-time", n=100, workspace=tmp_path / "workspace")
    shown = asked.page("split=train&sort=-time&stacks=one", n=100, workspace=tmp_path / "workspace")
    assert (whole.n - shown.n, [one.alike for one in shown.frames if one.alike]) == (3, [3])
    first = next(one.frame_id for one in whole.frames if one.frame_id in stack)
    assert next(one for one in shown.frames if one.alike).frame_id == first
    verified = asked.page("state=verified&stacks=one", workspace=tmp_path / "workspace").frames
    assert {(one.frame_id, one.alike) for one in verified} == {(stack[2], 0), (other, 0)}
    pages = [asked.page("split=train&stacks=one", n=3, workspace=tmp_path / "workspace")]
    while pages[-1].after:
        pages.append(
            asked.page("split=train&stacks=one", n=3, after=pages[-1].after, workspace=tmp_path / "workspace")
        )
    found = [one.frame_id for page in pages for one in page.frames]
    assert len(found) == len(set(found)) == shown.n
    with pytest.raises(FindRefused, match="stacks is one or all, not 'two'"):
        asked.page("stacks=two")
