"""Who may fetch a moment, and when the data set's boxes and the other cameras come out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from annotator.frame_grid import routes as grid
from annotator.pictures import routes as pictures
from annotator.pictures.signed_addresses import SMALL_PX, ImageRequest, image_address, image_key
from annotator.player import told
from annotator.review_card import routes as card
from annotator.runtime import COOKIE
from annotator.settling import routes as settling
from data.errors import NotAllowed, ReviewRefused
from data.people.accounts import sign_in
from data.review.reviews import submit_review
from data.review.serving import lease_frames, record_first_level
from data.store.opening import Store
from data.vocabulary import Mode, PersonRole
from tests.builders import S, T, a_decision, a_person, a_store, frames_of
from tests.dataroots import with_moments

FRAME = frames_of("scene-0001", 9)[8]
Act = Callable[[Store, int, dict[str, Any]], dict[str, Any]]
ON_CARD: list[Act] = [card.boxes, card.cameras]
FOR_LEADS: list[Act] = [settling.boxes, settling.cameras, grid.boxes, grid.cameras]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    store = a_store(tmp_path, scenes={"scene-0001": 9, "scene-0002": 9})
    with_moments(tmp_path / "dataroot", "scene-0001", between=1)
    for module in (told, pictures):
        monkeypatch.setattr(module, "workspace", lambda: tmp_path / "workspace")
    monkeypatch.setattr(pictures, "store", lambda: store)
    return store


def hold(store: Store, person_id: int, mode: Mode) -> None:
    served = lease_frames(store, person_id, n=100, shares={mode: 1.0})
    assert FRAME in {one.frame.id for one in served if one.mode is mode}


def asked(act: Act, store: Store, person_id: int) -> dict[str, Any]:
    return act(store, person_id, {"frame": FRAME})


def test_a_moment_comes_only_to_whoever_the_frame_is_with(store: Store) -> None:
    ada, ben = a_person(store, "ada"), a_person(store, "ben")
    hold(store, ada, Mode.BLIND)
    pictures_of = asked(card.moment, store, ada)["moment"]["pictures"]
    assert [one["key"] for one in pictures_of] == [True, False] * 6 + [True]
    for act in (card.moment, card.boxes, card.cameras):
        with pytest.raises(ReviewRefused, match="not with you"):
            asked(act, store, ben)


def refused(acts: Iterable[Act], store: Store, person_id: int, why: str) -> None:
    for act in acts:
        with pytest.raises((ReviewRefused, NotAllowed), match=why):
            asked(act, store, person_id)


def test_in_blind_boxes_and_cameras_come_after_the_answer(store: Store) -> None:
    ada = a_person(store, "ada")
    hold(store, ada, Mode.BLIND)
    refused(ON_CARD, store, ada, "judged blind")
    submit_review(store, ada, a_decision(FRAME, T, first_level=None))
    assert asked(card.boxes, store, ada) == {"boxes": [], "note": "The data set has no box in view."}
    assert len(asked(card.cameras, store, ada)["cameras"]) == 5


def test_in_decide_first_they_come_after_the_own_level(store: Store) -> None:
    ada = a_person(store, "ada")
    hold(store, ada, Mode.DECIDE_FIRST)
    refused(ON_CARD, store, ada, "Choose your level first")
    record_first_level(store, ada, FRAME, S)
    assert len(asked(card.cameras, store, ada)["cameras"]) == 5


def test_a_lead_gets_them_on_no_other_screen_while_the_frame_is_theirs_to_judge(store: Store) -> None:
    lena = a_person(store, "lena", PersonRole.LEAD)
    assert [len(asked(act, store, lena)) for act in FOR_LEADS] == [2, 2, 2, 2]
    hold(store, lena, Mode.BLIND)
    refused(FOR_LEADS, store, lena, "judged blind")


def test_annotators_get_nothing_of_leads_screens(store: Store) -> None:
    ada = a_person(store, "ada")
    hold(store, ada, Mode.ASSISTED)
    refused([*FOR_LEADS, settling.moment, grid.moment], store, ada, "may not")


@pytest.fixture
def client(store: Store) -> TestClient:
    return TestClient(Starlette(routes=[Route("/frame/{frame_id:str}.jpg", pictures.frame_route)]))


def test_a_pictures_address_is_for_one_person_one_file_and_nothing_outside(
    store: Store, client: TestClient, tmp_path: Path
) -> None:
    ada, ben = a_person(store, "ada"), a_person(store, "ben")
    hold(store, ada, Mode.ASSISTED)
    found = asked(card.moment, store, ada)["moment"]["pictures"][1]["small"]
    cameras = asked(card.cameras, store, ada)["cameras"]
    assert [one["name"] for one in cameras] == [
        "back",
        "back left",
        "back right",
        "front left",
        "front right",
    ]
    client.cookies.set(COOKIE, sign_in(store, "ada", "password-ada"))
    for address in (found, cameras[0]["small"]):
        for _ in range(2):  # made, then kept
            answer = client.get(address)
            assert (answer.status_code, answer.content[:3]) == (200, b"\xff\xd8\xff")
    assert client.get(found.replace("003", "004").replace("002", "003")).status_code == 403
    assert client.get(found.partition("&f=")[0]).status_code == 403
    client.cookies.set(COOKIE, sign_in(store, "ben", "password-ben"))
    assert client.get(found).status_code == 403
    (tmp_path / "secret.jpg").write_bytes((tmp_path / "dataroot").rglob("*.jpg").__next__().read_bytes())
    outside = ImageRequest(FRAME, ben, SMALL_PX, "../secret.jpg")
    answer = client.get(image_address(image_key(store), outside))
    assert (answer.status_code, answer.text) == (404, "secret.jpg leads out of the dataroot.")


def test_a_sweep_that_was_cut_says_so(store: Store, client: TestClient, tmp_path: Path) -> None:
    ada = a_person(store, "ada")
    hold(store, ada, Mode.ASSISTED)
    for sweep in (tmp_path / "dataroot" / "sweeps" / "CAM_FRONT").iterdir():
        sweep.write_bytes(sweep.read_bytes()[:400])
    found = asked(card.moment, store, ada)["moment"]["pictures"][1]["small"]
    client.cookies.set(COOKIE, sign_in(store, "ada", "password-ada"))
    answer = client.get(found)
    assert answer.status_code == 404
    assert "is not opened" in answer.text
