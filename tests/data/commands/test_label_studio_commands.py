from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from annotator.__main__ import app
from data.store.opening import Store
from tests.builders import a_person, a_store
from tests.data.label_studio.label_studio_stand_in import TOKEN, stand_in
from tests.data.label_studio.test_label_studio_pull import ADA, PROPOSED


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = a_store(tmp_path)
    a_person(made, ADA)
    return made


def labelstudio(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["--workspace", str(folder / "workspace"), "labelstudio", *words])


def test_there_and_back_through_a_server(store: Store, tmp_path: Path) -> None:
    with stand_in() as studio:
        studio.users |= {2: ADA, 4: "eve@example.org"}
        place = ("--url", studio.url, "--token", TOKEN, "--project", "triage")
        pushed = labelstudio(tmp_path, "push", *place)
        assert pushed.output.startswith(
            "Project 1 (triage): 4 tasks added, 0 were there; it has 4 tasks and 4"
        )
        studio.annotate(1, 2, PROPOSED)
        studio.annotate(2, 4, PROPOSED)
        said = labelstudio(tmp_path, "pull", *place).output.splitlines()
        assert said[0] == "2 annotations of 2 tasks: 1 review written, 0 were there, 1 refused."
        assert said[1].startswith("  annotation 2 of task 2: nobody here is called eve@example.org (")
        figures = json.loads(labelstudio(tmp_path, "pull", *place, "--json").output)
    assert (figures["taken"], figures["known"], figures["refused"][0]["task_id"]) == (0, 1, 2)


def test_there_and_back_through_files(store: Store, tmp_path: Path) -> None:
    done = labelstudio(
        tmp_path, "export", str(tmp_path / "tasks.json"), "--images", "https://x.org/", "--json"
    )
    assert json.loads(done.output)["tasks"] == 4
    tasks = json.loads((tmp_path / "tasks.json").read_text())
    assert tasks[0]["data"]["image"].startswith("https://x.org/samples/CAM_FRONT/scene-")
    times = {"created_at": "2026-11-26T10:00:00Z", "updated_at": "2026-11-26T10:00:00Z"}
    answer = {"id": 1, "completed_by": 7, "result": tasks[0]["predictions"][0]["result"], **times}
    (tmp_path / "export.json").write_text(json.dumps([{**tasks[0], "id": 1, "annotations": [answer]}]))
    taken = labelstudio(tmp_path, "import", str(tmp_path / "export.json"), "--user", f"7={ADA}")
    assert taken.output == "1 annotation of 1 task: 1 review written, 0 were there, 0 refused.\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("import", "x.json", "--user", "ada"), "'ada' is not of the form --user ID=EMAIL"),
        (("import", "x.json", "--user", "ada=x"), "--user takes ID=EMAIL with a number as ID"),
        (("push", "--url", "http://x"), "Missing option '--project'"),
    ],
)
def test_wrong_use_is_one_sentence(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = labelstudio(tmp_path, *words)
    assert done.exit_code == 2
    assert said in " ".join(done.output.split())
