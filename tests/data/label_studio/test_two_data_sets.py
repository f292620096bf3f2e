from __future__ import annotations

from pathlib import Path

from sqlmodel import select

from data.label_studio.tasks import tasks_to_review
from data.store.tables import Dataset, Frame, Scene
from tests.builders import VERSION, a_store


def test_pictures_of_one_name_in_two_data_sets_have_two_addresses(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={f"scene-000{n}": 2 for n in range(1, 5)})
    with store.write() as session:
        addresses = {task["data"]["image"] for task in tasks_to_review(session, "https://x/")}
        assert not any(VERSION in one for one in addresses)
        film = Dataset(name="film", kind="video", dataroot=str(tmp_path), ingested_at_us=1)
        session.add(film)
        session.flush()
        for number, scene in enumerate(session.exec(select(Scene)).all()):
            if number % 2:
                scene.dataset_id = int(film.id or 0)
        for frame in session.exec(select(Frame)):
            frame.filename = f"front/{frame.position}.jpg"
    with store.read() as session:
        tasks = tasks_to_review(session, "https://x/")
    named = {task["data"]["image"] for task in tasks}
    assert named <= {f"https://x/{name}/front/{at}.jpg" for name in (VERSION, "film") for at in range(2)}
    assert {one.split("/")[3] for one in named} == {VERSION, "film"}
    store.close()
