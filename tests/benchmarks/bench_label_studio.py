"""Import and export beside Label Studio's own, in one run on one machine, as clients see them.

Label Studio (SQLite, its development server, an empty database) takes TASKS frames with one prediction each, BATCH to
a request, then gives REVIEWED annotated ones back as JSON. We take the same replies as proposals, and the annotations
of a Label Studio file as reviews, and write the same reviewed frames as Label Studio's JSON. Ratios are Label Studio ÷
ours, wall clock; one JSON object on the last line.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from data.frames.ingest import ingest
from data.frames.sampling import sample_frames
from data.label_studio.configuration import labelling_config
from data.label_studio.files import export_tasks, import_answers
from data.label_studio.tasks import tasks_to_review
from data.proposals.recorded_replies import propose_from_replies
from data.sources.nuscenes import nuscenes
from data.store.opening import Store, open_store
from data.verification.status import refresh_statuses
from data.vocabulary import LEVELS, ModelRole
from tests.builders import VERSION, a_dataroot, a_filename, a_person, a_raw_reply, replies_file
from tests.real_label_studio.running import RunningServer, running_server

TASKS = int(os.environ.get("TASKS", "9500"))
REVIEWED = int(os.environ.get("REVIEWED", "8000"))
BATCH = int(os.environ.get("BATCH", "1000"))
PER_SCENE = 40
ADA = "ada@example.org"
THOUGHT = "The lane ahead is narrowed by cones and a worker stands beside it. " * 9  # 600 characters


def timed(what: Callable[[], Any]) -> tuple[float, Any]:
    """(seconds, what came back)."""
    begun = time.monotonic()
    found = what()
    return time.monotonic() - begun, found


def a_store_of(folder: Path, frames: int) -> tuple[Store, Path]:
    """A store with so many training frames, few held out and no proposals, and a teacher's replies for all."""
    scenes = {f"scene-{number:04}": PER_SCENE for number in range(-(-frames // PER_SCENE) + 1)}
    store = open_store(folder / "workspace", create=True)
    ingest(store, nuscenes(a_dataroot(folder / "dataroot", scenes=scenes), VERSION))
    sample_frames(store, train=frames, held_out=1)
    refresh_statuses(store)
    names = [a_filename(scene, place) for scene in scenes for place in range(PER_SCENE)]
    said = {
        name: a_raw_reply(LEVELS[number % 3], thought=f"{number} {THOUGHT}")
        for number, name in enumerate(names)
    }
    return store, replies_file(folder / "teacher.jsonl", said, role=ModelRole.TEACHER)


def annotated(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The tasks as an export has them once Ada has kept what was proposed."""
    when = "2026-11-26T10:00:00.000000Z"
    return [
        {
            **task,
            "id": number,
            "annotations": [
                {
                    "id": number,
                    "project": 1,
                    "completed_by": {"email": ADA},
                    "result": task["predictions"][0]["result"],
                    "lead_time": 4.0,
                    "created_at": when,
                    "updated_at": when,
                }
            ],
        }
        for number, task in enumerate(tasks, start=1)
    ]


def imported(api: httpx.Client, project: int, tasks: list[dict[str, Any]]) -> tuple[int, int]:
    """(tasks, predictions) that Label Studio says it stored, BATCH tasks to a request."""
    counts = [0, 0]
    for first in range(0, len(tasks), BATCH):
        answer = api.post(f"/api/projects/{project}/import", json=tasks[first : first + BATCH])
        assert answer.status_code == 201, (answer.status_code, answer.text[:500])
        counts[0] += answer.json()["task_count"]
        counts[1] += answer.json()["prediction_count"]
    return counts[0], counts[1]


def theirs(
    studio: RunningServer, tasks: list[dict[str, Any]], reviewed: list[dict[str, Any]]
) -> dict[str, Any]:
    """Label Studio's own figures."""
    with studio.api() as api:
        config = {"label_config": labelling_config()}
        made = [
            api.post("/api/projects/", json={"title": name, **config}).json()["id"]
            for name in ("import", "export")
        ]
        seconds, counts = timed(lambda: imported(api, made[0], tasks))
        print(f"{counts} tasks and predictions in {seconds:.1f} s", file=sys.stderr)
        given = [
            {**task, "annotations": [{**task["annotations"][0], "completed_by": 1}]} for task in reviewed
        ]
        given = [{key: task[key] for key in ("data", "predictions", "annotations")} for task in given]
        imported(api, made[1], given)
        address = f"/api/projects/{made[1]}/export"
        export_s, export = timed(lambda: api.get(address, params={"exportType": "JSON"}).json())
    return {
        "first_start_s": round(studio.start_s, 1),
        "import_s": round(seconds, 2),
        "imported": counts[0],
        "predictions": counts[1],
        "export_s": round(export_s, 2),
        "exported": len(export),
    }


def bench(folder: Path) -> dict[str, Any]:
    print(f"Writing a store of {TASKS:,} training frames …", file=sys.stderr)
    store, replies = a_store_of(folder / "store", TASKS)
    a_person(store, ADA)
    print("Ours …", file=sys.stderr)
    import_s, proposed = timed(lambda: propose_from_replies(store, replies, role=ModelRole.TEACHER))
    refresh_statuses(store)
    with store.read() as session:
        tasks = tasks_to_review(session)
    reviewed = annotated(tasks[:REVIEWED])
    (folder / "export.json").write_text(json.dumps(reviewed))
    answers_s, taken = timed(lambda: import_answers(store, folder / "export.json"))
    export_s, written = timed(lambda: export_tasks(store, folder / "ours.json", reviewed=True))
    print("Starting Label Studio, which migrates an empty database first …", file=sys.stderr)
    with running_server(folder / "label-studio", folder / "store" / "dataroot") as studio:
        other = theirs(studio, tasks, reviewed)
    return {
        "ours": {
            "import_s": round(import_s, 2),
            "imported": proposed.added,
            "answers_in_s": round(answers_s, 2),
            "answers": taken.taken,
            "export_s": round(export_s, 2),
            "exported": written.tasks,
        },
        "label_studio": other,
        "import_ratio": round(other["import_s"] / import_s, 1),
        "export_ratio": round(other["export_s"] / export_s, 1),
    }


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    with tempfile.TemporaryDirectory(prefix="teletriage-bench-") as folder:
        print(json.dumps(bench(Path(folder))))


if __name__ == "__main__":
    main()
