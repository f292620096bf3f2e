from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from annotator.review_card import routes
from annotator.review_card.alike import settled_alike, with_alike
from annotator.settings import AppSettings
from data.alike.embed import embed_locally
from data.alike.vectors import current_vectors
from data.vocabulary import PersonRole
from tests.builders import T, a_person, a_store


def test_only_leads_are_led_to_frames_like_one_and_only_where_the_proposal_is_on_the_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = tmp_path / "workspace"
    store = a_store(tmp_path, scenes={f"scene-{number:04}": 4 for number in range(1, 5)}, teacher=T)
    people = {"ada": PersonRole.ANNOTATOR, "lena": PersonRole.LEAD}
    ids = {name: a_person(store, name, role) for name, role in people.items()}
    workspace.mkdir(exist_ok=True)
    monkeypatch.setattr(routes, "store", lambda: store)
    monkeypatch.setattr(routes, "workspace", lambda: workspace)

    def served(name: str, decide_first: float) -> list[dict[str, Any]]:
        monkeypatch.setattr(routes, "app_settings", lambda: AppSettings(blind=0, decide_first=decide_first))
        return list(routes.sync(store, ids[name], {"outbox": []})["frames"])

    before = served("lena", decide_first=1)
    embed_locally(store, workspace)
    frames = served("lena", decide_first=1)
    assert [one["frame"] for one in frames] == [one["frame"] for one in before]
    assert {one["mode"] for one in frames} == {"decide-first", "blind"}, "held-out frames are blind"
    assert not any("alike" in one for one in [*before, *frames])
    own = next(one["frame"] for one in frames if one["mode"] == "decide-first")
    told = routes.own_level(store, ids["lena"], {"frame": own, "level": "SUPERVISION"})["frame"]
    assert told["alike"] == f"frames?like={own}"
    assert not any("alike" in one for one in served("ada", decide_first=0))
    vectors = current_vectors(workspace)
    held_by_ada = served("ada", decide_first=0)
    leads = with_alike(store, ids["lena"], held_by_ada, vectors)
    assert {"alike" in one for one in leads if "proposal" in one} == {True}
    assert not any("alike" in one for one in leads if "proposal" not in one)
    assert "alike" not in with_alike(store, ids["lena"], [{"frame": "gone", "proposal": {}}], vectors)[0]
    assert "alike" in settled_alike({"frame": own, "is_random": False}, vectors)
    assert "alike" not in settled_alike({"frame": own, "is_random": True}, vectors)
