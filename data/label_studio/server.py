"""The only place that talks to a Label Studio server, through its SDK (extra `labelstudio`).

Reading is tried again when the server falters; writing never is, since nobody knows whether it arrived: that raises
LabelStudioSilent, and who sent it looks at what is there.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from data.errors import LabelStudioError, LabelStudioSilent
from data.label_studio.bounded_http import AnswerTooLong, bounded_client

if TYPE_CHECKING:
    from label_studio_sdk import LabelStudio

TIMEOUT_S = 180.0
READ_ATTEMPTS = 4
PAGE_OF_TASKS = 1000
PAGE_OF_PROJECTS = 100
_SHOWN_CHARS = 160
_REDIRECTIONS = range(300, 400)
_OK, _UNAUTHORIZED, _NOT_FOUND, _SERVER_ERROR = 200, 401, 404, 500

Value = TypeVar("Value")


@dataclass(frozen=True)
class Project:
    """A project as we need to know it. The counts are the server's own."""

    id: int
    title: str
    config: str
    model_version: str
    tasks: int
    predictions: int
    annotations: int


@dataclass(frozen=True)
class RemoteTask:
    """A task on the server, and how many predictions and annotations (cancelled ones too) it says it has."""

    id: int
    data: Mapping[str, Any]
    predictions: int
    annotations: int


@dataclass(frozen=True)
class Arrived:
    """What the server says that it stored of one import."""

    tasks: int
    predictions: int
    annotations: int


class LabelStudioServer:
    """A server and a token. Every method raises LabelStudioError with what the server said.

    pause_s: how long to wait before the second attempt at reading; each further wait doubles.
    """

    def __init__(self, url: str, token: str, *, timeout_s: float = TIMEOUT_S, pause_s: float = 1.0) -> None:
        if not url.startswith(("http://", "https://")):
            raise LabelStudioError(f"{url} is not an address; write it as http://HOST:PORT.")
        if not token:
            raise LabelStudioError("Label Studio asks for a token: give --token or set LABEL_STUDIO_API_KEY.")
        self.url = url.rstrip("/")
        self._pause_s = pause_s
        self._sdk = _client(self.url, token, timeout_s)

    def project(self, project_id: int) -> Project:
        """A project by its id. Raises LabelStudioError where there is none."""
        return _project(self._read(lambda: self._sdk.projects.get(project_id)))

    def find_project(self, name: str) -> Project | None:
        """The project with this id (digits) or title, None where no title fits."""
        if name.isdecimal():
            return self.project(int(name))
        # One page: the SDK's own paging only ends where a server says 404 (2.0.5).
        page = self._read(lambda: self._sdk.projects.list(title=name, page=1, page_size=PAGE_OF_PROJECTS))
        ids = sorted(int(one.id or 0) for one in page.items or [] if one.title == name)
        if len(ids) > 1:
            listed = ", ".join(map(str, ids))
            raise LabelStudioError(f"{len(ids)} projects are called {name!r}: name one by its id ({listed}).")
        return self.project(ids[0]) if ids else None

    def create_project(self, title: str, config: str) -> Project:
        """A new project whose tasks are served by ascending prediction score."""
        made = self._write(
            lambda: self._sdk.projects.create(
                title=title,
                label_config=config,
                sampling="Uncertainty sampling",
                maximum_annotations=1,
                show_collab_predictions=True,
            )
        )
        return self.project(int(made.id or 0))

    def set_config(self, project_id: int, config: str) -> None:
        """Give a project another labelling configuration."""
        self._write(lambda: self._sdk.projects.update(project_id, label_config=config))

    def prefill_from(self, project_id: int, model_version: str) -> None:
        """Let the editor begin with the predictions of this version."""
        self._write(
            lambda: self._sdk.projects.update(
                project_id, model_version=model_version, show_collab_predictions=True
            )
        )

    def import_tasks(self, project_id: int, tasks: Sequence[Mapping[str, Any]]) -> Arrived:
        """Send tasks; returns what the server says that it stored, which is not always what was sent."""
        sent: Any = list(tasks)
        done = self._write(
            lambda: self._sdk.projects.import_tasks(project_id, request=sent, return_task_ids=False)
        )
        counts = (getattr(done, f"{kind}_count", None) for kind in ("task", "prediction", "annotation"))
        return Arrived(*(int(count or 0) for count in counts))

    def has_prediction(self, task_id: int) -> bool:
        """Whether a task really has a prediction; its own count lags behind while others write."""
        return bool(self._read(lambda: list(self._sdk.predictions.list(task=task_id))))

    def add_prediction(self, task_id: int, prediction: Mapping[str, Any]) -> None:
        """Add one prediction to a task that has lost its own."""
        self._write(lambda: self._sdk.predictions.create(task=task_id, **prediction))

    def delete_task(self, task_id: int) -> None:
        """Take away one task."""
        self._write(lambda: self._sdk.tasks.delete(str(task_id)))

    def serve_pictures(self, project_id: int, folder: str) -> str | None:
        """Let the project show the pictures of a folder of the server's own machine; returns why it does not."""
        storages = self._sdk.import_storage.local
        known = self._read(lambda: list(storages.list(project=project_id)))
        if any(str(one.path or "").rstrip("/") == folder for one in known):
            return None
        try:
            self._write(lambda: storages.create(project=project_id, path=folder, title="teletriage"))
        except LabelStudioError as error:
            return str(error)
        return None

    def tasks(self, project: Project) -> list[RemoteTask]:
        """Every task of a project, by id, without its predictions and annotations."""
        found: list[RemoteTask] = []
        for number in range(1, math.ceil(project.tasks / PAGE_OF_TASKS) + 1):
            found += self._read(partial(self._page, project.id, number))
        if len({task.id for task in found}) < project.tasks:
            raise LabelStudioSilent(
                f"Label Studio at {self.url} listed {len(found):,} of {project.tasks:,} tasks; try again."
            )
        return sorted(found, key=lambda task: task.id)

    def _page(self, project_id: int, number: int) -> list[RemoteTask]:
        pager = self._sdk.tasks.list(
            project=project_id,
            page=number,
            page_size=PAGE_OF_TASKS,
            fields="task_only",
            include="id,data,total_predictions,total_annotations,cancelled_annotations",
        )
        return [_remote_task(task) for task in pager.items or []]

    def annotated(self, project_id: int, task_ids: Sequence[int]) -> list[dict[str, Any]]:
        """These tasks with their annotations, as Label Studio's JSON export has them.

        Raises LabelStudioSilent where not all of them come.
        """
        tasks = self._read(partial(self._export, project_id, task_ids))
        if {task.get("id") for task in tasks} != set(task_ids):
            raise LabelStudioSilent(
                f"Label Studio at {self.url} gave {len(tasks):,} of {len(task_ids):,} tasks; pull again."
            )
        return tasks

    def _export(self, project_id: int, task_ids: Sequence[int]) -> list[dict[str, Any]]:
        parts = self._sdk.projects.exports.download_sync(
            project_id,
            export_type="JSON",
            download_all_tasks=True,
            # The SDK's own `ids` reaches the server under a name that it does not read (2.0.5).
            request_options={"additional_query_parameters": {"ids[]": [str(one) for one in task_ids]}},
        )
        tasks = json.loads(b"".join(parts))
        if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
            raise ValueError("its export is no list of tasks")
        return tasks

    def emails(self) -> dict[int, str]:
        """Every user's e-mail address by id."""
        users = self._read(self._sdk.users.list)
        return {int(user.id or 0): str(user.email) for user in users if user.email}

    def _read(self, call: Callable[[], Value]) -> Value:
        for attempt in range(1, READ_ATTEMPTS + 1):
            try:
                return self._once(call)
            except LabelStudioSilent:
                if attempt == READ_ATTEMPTS:
                    raise
                time.sleep(self._pause_s * 2 ** (attempt - 1))
        raise AssertionError("the last attempt returns or raises")

    def _write(self, call: Callable[[], Value]) -> Value:
        return self._once(call)

    def _once(self, call: Callable[[], Value]) -> Value:
        from label_studio_sdk.core.api_error import ApiError  # noqa: PLC0415 - an extra

        try:
            return call()
        except ApiError as error:
            raise self._told(error.status_code or 0, error.body) from error
        except httpx.TimeoutException as error:
            raise LabelStudioSilent(f"Label Studio at {self.url} did not answer in time.") from error
        except httpx.ConnectError as error:
            raise LabelStudioSilent(f"Label Studio cannot be reached at {self.url}: {error}.") from error
        except AnswerTooLong as error:
            raise LabelStudioError(f"Label Studio's answer from {self.url} is not read: {error}.") from error
        except httpx.HTTPError as error:
            raise LabelStudioSilent(f"Label Studio at {self.url} broke off its answer: {error}.") from error
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            # What the SDK raises for an answer of another form than it expects.
            raise LabelStudioSilent(
                f"Label Studio at {self.url} answered something else: {error}."
            ) from error

    def _told(self, status: int, body: Any) -> LabelStudioError:
        said = _said(body)
        if status in _REDIRECTIONS:
            return LabelStudioError(
                f"Label Studio at {self.url} sends on to another address ({status}), which is not followed: "
                "give the address that it has itself."
            )
        if status == _UNAUTHORIZED:
            return LabelStudioError(f"Label Studio at {self.url} does not take the token: {said}")
        if status == _NOT_FOUND:
            return LabelStudioError(f"Label Studio at {self.url} has no such thing: {said}")
        if status >= _SERVER_ERROR or status in (_OK, 0):
            return LabelStudioSilent(f"Label Studio at {self.url} answered {status}: {said}")
        return LabelStudioError(f"Label Studio at {self.url} refused ({status}): {said}")


def _client(url: str, token: str, timeout_s: float) -> LabelStudio:
    try:
        from label_studio_sdk import LabelStudio  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise LabelStudioError(
            "Talking to a Label Studio server needs its SDK: pip install 'teletriage[labelstudio]'. "
            "`teletriage labelstudio export` and `import` work without it."
        ) from error
    from label_studio_sdk.core.api_error import ApiError  # noqa: PLC0415

    try:
        return LabelStudio(
            base_url=url, api_key=token, httpx_client=bounded_client(timeout_s), timeout=timeout_s
        )  # type: ignore[no-untyped-call]
    except ApiError as error:
        raise LabelStudioError(f"The token for {url} is not valid: {_said(error.body)}") from error


def _project(given: Any) -> Project:
    return Project(
        id=int(given.id),
        title=str(given.title or ""),
        config=str(given.label_config or ""),
        model_version=str(given.model_version or ""),
        tasks=int(given.task_number or 0),
        predictions=int(given.total_predictions_number or 0),
        annotations=int(given.total_annotations_number or 0),
    )


def _remote_task(task: Any) -> RemoteTask:
    counts = [
        int(getattr(task, name) or 0)
        for name in ("total_predictions", "total_annotations", "cancelled_annotations")
    ]
    data = task.data if isinstance(task.data, dict) else {}
    return RemoteTask(int(task.id), data, predictions=counts[0], annotations=counts[1] + counts[2])


def _said(body: Any) -> str:
    """What an error's body says, short and in one line; a page of HTML only that it is one."""
    if isinstance(body, dict):
        said = body.get("validation_errors") or body.get("detail") or body
    else:
        said = "a web page instead of data" if "<html" in str(body)[:2000].lower() else body
    line = " ".join(str(said).split())
    return f"{line[:_SHOWN_CHARS]}…" if len(line) > _SHOWN_CHARS else f"{line.rstrip('.')}."
