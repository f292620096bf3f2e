"""A server that answers as Label Studio 1.23.2 was recorded to answer (`label_studio_recorded.json`), with faults on
demand. It keeps projects, tasks and annotations; it is not Label Studio and judges nothing.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from data.label_studio.server import LabelStudioServer
from data.label_studio.tasks import result_of
from data.vocabulary import Assessment

RECORDED = json.loads((Path(__file__).parent / "label_studio_recorded.json").read_text(encoding="utf-8"))
TOKEN = "token"
CREATED = "2026-11-26T10:00:00.000000Z"


def recorded(name: str) -> Any:
    """A recorded body, to be changed at will."""
    return deepcopy(RECORDED["answers"][name]["body"])


def as_recorded(name: str) -> Response:
    """A recorded answer as it is."""
    answer = RECORDED["answers"][name]
    body = answer["body"] if isinstance(answer["body"], str) else json.dumps(answer["body"])
    return Response(body, answer["status"], media_type=answer["content_type"])


@dataclass
class StandIn:
    """What it holds and does. `fault` sees each request before (`after=None`) and after it was carried out, and may
    give another answer; `loses`: how many more imports lose their predictions; `lagging`: tasks that say they have
    none though they have; `users`: address by id."""

    users: dict[int, str] = field(default_factory=lambda: {1: "admin@example.org"})
    projects: dict[int, dict[str, Any]] = field(default_factory=dict)
    tasks: dict[int, dict[str, Any]] = field(default_factory=dict)
    fault: Callable[[Request, Response | None], Response | None] = lambda request, after: None
    loses: int = 0
    lagging: set[int] = field(default_factory=set)
    serves_files: bool = True
    folders: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def server(self, **options: Any) -> LabelStudioServer:
        return LabelStudioServer(self.url, TOKEN, **{"pause_s": 0.0, **options})

    def annotate(
        self, task_id: int, user_id: int, said: Assessment | list[dict[str, Any]], **fields: Any
    ) -> dict[str, Any]:
        """Somebody annotates a task; `fields` are laid over what Label Studio would keep of it."""
        kept: dict[str, Any] = deepcopy(recorded("export")[0]["annotations"][0])
        number = 1 + sum(len(task["annotations"]) for task in self.tasks.values())
        result = said if isinstance(said, list) else result_of(said)
        own = {"id": number, "task": task_id, "project": self.tasks[task_id]["project"], "result": result}
        who = {"completed_by": user_id, "updated_by": user_id, "created_at": CREATED, "updated_at": CREATED}
        kept |= {**own, **who, "prediction": {}, **fields}
        self.tasks[task_id]["annotations"].append(kept)
        return kept

    def task_of(self, frame_id: str) -> int:
        return next(one for one, task in self.tasks.items() if task["data"].get("frame_id") == frame_id)

    def add_task(self, project_id: int, data: dict[str, Any]) -> int:
        number = 1 + max(self.tasks, default=0)
        self.tasks[number] = {
            "id": number,
            "project": project_id,
            "data": data,
            "predictions": [],
            "annotations": [],
        }
        return number

    def of(self, project_id: int) -> list[dict[str, Any]]:
        return [task for task in self.tasks.values() if task["project"] == project_id]

    def project(self, project_id: int) -> dict[str, Any]:
        tasks = self.of(project_id)
        counts = {
            "task_number": len(tasks),
            "total_predictions_number": sum(len(task["predictions"]) for task in tasks),
            "total_annotations_number": sum(len(task["annotations"]) for task in tasks),
        }
        return {**recorded("project"), **self.projects[project_id], "id": project_id, **counts}


def _application(state: StandIn) -> Starlette:
    async def answer(request: Request) -> Response:
        state.asked.append(f"{request.method} {request.url.path}")
        await request.body()
        broken = state.fault(request, None)
        if broken is not None:
            return broken
        if request.headers.get("authorization") != f"Token {TOKEN}":
            return as_recorded("bad_token")
        done = await _carried_out(state, request)
        return state.fault(request, done) or done

    return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST", "PATCH", "DELETE"])])


async def _carried_out(state: StandIn, request: Request) -> Response:  # noqa: PLR0911, PLR0912 - one per address
    parts = request.url.path.strip("/").split("/")[1:]
    body = json.loads(await request.body() or b"null")
    match (request.method, parts):
        case ("GET", ["users"]):
            blank = recorded("users")[0]
            return JSONResponse([{**blank, "id": one, "email": email} for one, email in state.users.items()])
        case ("GET", ["projects"]):
            title = request.query_params.get("title")
            found = [one for one, project in state.projects.items() if project["title"] == title]
            listed = {"count": len(found), "results": [state.project(one) for one in found]}
            return JSONResponse({**recorded("projects"), **listed})
        case ("POST", ["projects"]):
            state.projects[len(state.projects) + 1] = body
            return JSONResponse({**recorded("project_made"), **body, "id": len(state.projects)}, 201)
        case ("GET" | "PATCH", ["projects", number]):
            if int(number) not in state.projects:
                return as_recorded("no_project")
            state.projects[int(number)] |= body or {}
            return JSONResponse(state.project(int(number)))
        case ("POST", ["projects", number, "import"]):
            return _imported(state, int(number), body)
        case ("GET", ["projects", _, "export"]):
            blank, ids = recorded("export")[0], request.query_params.getlist("ids[]")
            tasks = [{**blank, **state.tasks[int(one)]} for one in ids if int(one) in state.tasks]
            return JSONResponse([{**task, "predictions": [1] * len(task["predictions"])} for task in tasks])
        case ("GET", ["tasks"]):
            return _listed(state, request)
        case ("GET", ["storages", "localfiles"]):
            return JSONResponse([{"id": 1, "path": one, "project": 1} for one in state.folders])
        case ("POST", ["storages", "localfiles"]):
            if not state.serves_files:
                return as_recorded("no_storage")
            state.folders.append(body["path"])
            return JSONResponse({"id": 1, **body}, 201)
        case ("GET", ["predictions"]):
            held = state.tasks[int(request.query_params["task"])]["predictions"]
            return JSONResponse([{**recorded("prediction_made"), **one} for one in held])
        case ("POST", ["predictions"]):
            state.tasks[body["task"]]["predictions"].append(body)
            return JSONResponse({**recorded("prediction_made"), **body}, 201)
        case ("DELETE", ["tasks", number]):
            del state.tasks[int(number)]
            return Response(status_code=204)
    return as_recorded("no_address")


def _imported(state: StandIn, project_id: int, given: list[dict[str, Any]]) -> Response:
    if not all("image" in task["data"] for task in given):
        return as_recorded("bad_task")
    lost = state.loses > 0
    state.loses -= lost
    for task in given:
        number = state.add_task(project_id, task["data"])
        state.tasks[number]["predictions"] = [] if lost else task["predictions"]
    count = 0 if lost else sum(len(task["predictions"]) for task in given)
    return JSONResponse({**recorded("imported"), "task_count": len(given), "prediction_count": count}, 201)


def _listed(state: StandIn, request: Request) -> Response:
    query = request.query_params
    tasks, page, size = state.of(int(query["project"])), int(query["page"]), int(query["page_size"])
    part = tasks[(page - 1) * size : page * size]
    if not part:
        return as_recorded("no_page")
    blank = recorded("tasks")["tasks"][0]
    rows = [
        {
            **blank,
            "id": task["id"],
            "data": task["data"],
            "total_predictions": 0 if task["id"] in state.lagging else len(task["predictions"]),
            "total_annotations": len(task["annotations"]),
        }
        for task in part
    ]
    return JSONResponse({**recorded("tasks"), "total": len(tasks), "tasks": rows})


@contextmanager
def stand_in() -> Iterator[StandIn]:
    """The server on a free port while the block runs."""
    state = StandIn()
    config = uvicorn.Config(_application(state), host="127.0.0.1", port=0, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    state.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield state
    finally:
        server.should_exit = True
        thread.join(10)
