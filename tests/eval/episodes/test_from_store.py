"""Events of a store: held-out frames reviewed blind, and what a run said of them."""

from __future__ import annotations

import json
from pathlib import Path

from sqlmodel import select
from typer.testing import CliRunner

from annotator.__main__ import app
from data.store.tables import Frame, FrameStatus, ModelRun, Scene
from data.vocabulary import ModelRole, Split
from eval.episodes.from_store import events_of_runs
from eval.episodes.in_words import event_lines
from tests.builders import A, T, a_filename, a_person, a_raw_reply, a_store, reviewed

SCENES = {"scene-0001": 6, "scene-0002": 6}


def test_a_run_that_calls_a_frame_late_is_late_by_the_time_between_frames(tmp_path: Path) -> None:
    """Frames 2 to 4 of the held-out scene are TELEOPERATION; the run calls frames 3 and 4."""
    said = {a_filename(scene, n): a_raw_reply(T if n in (3, 4) else A) for scene in SCENES for n in range(6)}
    store = a_store(tmp_path, scenes=SCENES, student=said)
    ada, ben = a_person(store, "ada"), a_person(store, "ben")
    with store.read() as session:
        query = select(Frame).join(FrameStatus, FrameStatus.frame_id == Frame.id)  # type: ignore[arg-type]
        frames = session.exec(query.where(FrameStatus.split == Split.HELD_OUT).order_by(Frame.position)).all()  # type: ignore[arg-type]
        run = session.exec(select(ModelRun).where(ModelRun.role == ModelRole.STUDENT)).one()
        assert session.get(Scene, frames[0].scene_id) is not None
    for frame in frames:
        for person in (ada, ben):
            reviewed(store, person, frame.id, T if frame.position in (2, 3, 4) else A)
    found = events_of_runs(store, [run.name, "no-such-run"])
    assert list(found) == [run.name]
    figures = found[run.name]
    step_s = (frames[1].captured_at_us - frames[0].captured_at_us) / 1e6
    assert (figures.episodes, figures.called.count, figures.seconds.value) == (1, 1, step_s)
    assert (figures.false_alarms.count, figures.changes.count) == (0, 2)
    assert "1 episode in 1 scene" in event_lines(run.name, figures)[0]
    store.close()

    done = CliRunner().invoke(
        app,
        [
            "--workspace",
            str(tmp_path / "workspace"),
            "evaluate",
            "--out",
            str(tmp_path / "r"),
            "--events",
            "--json",
        ],
    )
    assert done.exit_code == 0, done.output
    kept = json.loads((tmp_path / "r" / "events.json").read_text())
    assert kept["runs"][run.name]["episodes"] == 1
    assert "agreeing verified" in kept["definitions"]["episode"]
