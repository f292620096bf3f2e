"""What a real Label Studio answers, kept beside the stand-in for the tests that run without one.

`TELETRIAGE_RECORD=1 make test-label-studio` records anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx

from data.label_studio.configuration import labelling_config
from data.label_studio.tasks import result_of
from data.vocabulary import Assessment, TriageLevel
from tests.real_label_studio.running import RunningServer

RECORDED = Path(__file__).parents[1] / "data" / "label_studio" / "label_studio_recorded.json"


def record(studio: RunningServer) -> dict[str, Any]:
    """One answer of each kind by name: status, content type and body (HTML cut short)."""
    said = Assessment(reasoning="Cones.", level=TriageLevel.SUPERVISION, action="Watch.")
    data = {"image": "/data/local-files/?d=a.jpg", "frame_id": "f", "chain_of_thought": ""}
    prediction = {"model_version": "m", "score": 0.1, "result": result_of(said)}
    task = {"data": data, "predictions": [prediction]}
    with studio.api() as api:
        made = api.post("/api/projects/", json={"title": "recorded", "label_config": labelling_config()})
        project = made.json()["id"]
        imported = api.post(f"/api/projects/{project}/import", json=[task])
        query = {"project": project, "page": 1, "page_size": 1000, "fields": "task_only"}
        include = {"include": "id,data,total_predictions,total_annotations,cancelled_annotations"}
        tasks = api.get("/api/tasks/", params={**query, **include})
        task_id = tasks.json()["tasks"][0]["id"]
        studio.annotate("ada@example.org", task_id, said)
        answers = {
            "project_made": made,
            "imported": imported,
            "tasks": tasks,
            "project": api.get(f"/api/projects/{project}/"),
            "projects": api.get("/api/projects/", params={"title": "recorded"}),
            "users": api.get("/api/users/"),
            "export": api.get(f"/api/projects/{project}/export", params={"exportType": "JSON"}),
            "prediction_made": api.post("/api/predictions/", json={**prediction, "task": task_id}),
            "no_project": api.get("/api/projects/999999/"),
            "no_page": api.get("/api/tasks/", params={**query, "page": 99}),
            "bad_task": api.post(f"/api/projects/{project}/import", json=[{"data": {"frame_id": "f"}}]),
            "no_storage": api.post(
                "/api/storages/localfiles/", json={"project": project, "path": "/nowhere"}
            ),
            "bad_token": api.get("/api/users/", headers={"Authorization": "Token 0"}),
            "no_address": api.get("/nothing/here"),
        }
        release = api.get("/api/version").json()["release"]
    return {"release": release, "answers": {name: _kept(answer) for name, answer in answers.items()}}


def _kept(answer: httpx.Response) -> dict[str, Any]:
    kind = answer.headers["content-type"]
    body = answer.json() if "json" in kind else answer.text[:200]
    return {"status": answer.status_code, "content_type": kind, "body": body}


def write_recording(studio: RunningServer) -> None:
    RECORDED.write_text(json.dumps(record(studio), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def forms(recorded: dict[str, Any]) -> dict[str, Any]:
    """What a reader relies on: status, kind of content, and the names in each body."""
    return {
        name: (answer["status"], answer["content_type"], _names(answer["body"]))
        for name, answer in recorded["answers"].items()
    }


def _names(body: Any) -> Any:
    """A body with every value replaced by the name of its type, and lists by their first element."""
    if isinstance(body, dict):
        return {name: _names(value) for name, value in sorted(body.items())}
    if isinstance(body, list):
        return [_names(body[0])] if body else []
    return type(body).__name__
