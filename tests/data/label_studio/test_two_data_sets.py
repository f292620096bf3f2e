from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from data.errors import LabelStudioError
from data.label_studio.tasks import tasks_to_review
from data.store.tables import Frame
from tests.builders import a_store


def test_pictures_of_one_name_in_two_data_sets_are_refused_before_anybody_judges_the_wrong_one(
    tmp_path: Path,
) -> None:
    store = a_store(tmp_path, scenes={f"scene-000{n}": 2 for n in range(1, 5)})
    with store.write() as session:
        assert tasks_to_review(session)
        for frame in session.exec(select(Frame)):
            frame.filename = "front/000001.jpg"
    with (
        store.read() as session,
        pytest.raises(LabelStudioError, match=r"picture front/000001\.jpg, and Label Studio"),
    ):
        tasks_to_review(session)
    store.close()
