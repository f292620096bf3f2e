"""Use case: the frames that need a review into a Label Studio project, each once, with its proposal.

What is there is what the server lists, so a push that was cut short goes on where it stopped. Label Studio loses
predictions without a word while others write (its import answers 201 all the same): its counts are held against
what was sent after every batch, and what is missing is sent again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

from data.errors import LabelStudioError, LabelStudioSilent
from data.frames.shared_views import has_several_data_sets
from data.label_studio.configuration import config_problems, labelling_config
from data.label_studio.server import Arrived, LabelStudioServer, Project, RemoteTask
from data.label_studio.tasks import FRAME_ID, LOCAL_FILES, Task, picture_folders, tasks_to_review
from data.store.opening import Store

BATCH = 500
ATTEMPTS = 3
_OF_SEVERAL = (
    "they are of several data sets. Make its document root a folder that has each data set under its own name, and add "
    "these folders to the project as local storage, or serve them with --images."
)
Progress = Callable[[int, int], None]
"""Called with (tasks there, tasks in all)."""


@dataclass
class Pushed:
    """What a push did. `lost`: predictions that Label Studio had lost and that were sent again; `resent`: batches
    without a clear answer; `doubled`: second tasks of a frame, without annotations, that were taken away; `unseen`:
    why pictures do not show there; `others`: tasks of the project that are not ours."""

    url: str = ""
    project: int = 0
    title: str = ""
    frames: int = 0
    added: int = 0
    there: int = 0
    lost: int = 0
    resent: int = 0
    doubled: int = 0
    others: int = 0
    tasks: int = 0
    predictions: int = 0
    doubled_with_annotations: list[str] = field(default_factory=list)
    unseen: str | None = None

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def push(
    store: Store,
    server: LabelStudioServer,
    project_name: str,
    *,
    images: str = LOCAL_FILES,
    progress: Progress | None = None,
) -> Pushed:
    """Bring every training frame that needs a review into the project with this id or title; a title that no
    project has makes one.

    Raises LabelStudioError: nothing to push, a project that asks other questions, a server that refuses or, after
    several attempts, still lacks something.
    """
    with store.read() as session:
        tasks, folders = tasks_to_review(session, images), picture_folders(session)
        is_mixed = has_several_data_sets(session)
    if not tasks:
        raise LabelStudioError("No training frame needs a review, so there is nothing to push.")
    project = _prepared(server, project_name)
    remote = _by_frame(server.tasks(project))
    missing = [task for task in tasks if task["data"][FRAME_ID] not in remote]
    done = Pushed(server.url, project.id, project.title, len(tasks), there=len(tasks) - len(missing))
    if images == LOCAL_FILES and is_mixed:
        done.unseen = _OF_SEVERAL
    elif images == LOCAL_FILES:
        reasons = [server.serve_pictures(project.id, folder) for folder in folders]
        done.unseen = next((reason for reason in reasons if reason), None)
    for first in range(0, len(missing), BATCH):
        if progress:
            progress(done.there + first, len(tasks))
        done.added += _send(server, project.id, missing[first : first + BATCH], done)
    if progress:
        progress(len(tasks), len(tasks))
    _settle(server, project.id, tasks, done)
    _prefill(server, project, tasks)
    return done


def _prepared(server: LabelStudioServer, name: str) -> Project:
    """The project, with a configuration that asks our questions."""
    project = server.find_project(name)
    if project is None:
        return server.create_project(name, labelling_config())
    problems = config_problems(project.config)
    if problems and project.tasks:
        raise LabelStudioError(
            f"Project {project.id} ({project.title}) asks other questions: {'; '.join(problems)}. It has "
            f"{project.tasks:,} tasks, so its configuration is left alone; name another --project."
        )
    if problems:
        server.set_config(project.id, labelling_config())
    return project


def _by_frame(tasks: Sequence[RemoteTask]) -> dict[str, list[RemoteTask]]:
    """The tasks of each frame, the one to keep first: with most annotations, then the oldest."""
    found: dict[str, list[RemoteTask]] = defaultdict(list)
    for task in tasks:
        if isinstance(frame_id := task.data.get(FRAME_ID), str):
            found[frame_id].append(task)
    for same in found.values():
        same.sort(key=lambda task: (-task.annotations, task.id))
    return found


def _send(server: LabelStudioServer, project_id: int, batch: Sequence[Task], done: Pushed) -> int:
    """Import a batch and see to it that it is there, whatever the server answered; returns how many arrived."""
    waiting = list(batch)
    for _ in range(ATTEMPTS):
        expected = Arrived(len(waiting), sum(len(task["predictions"]) for task in waiting), 0)
        try:
            if server.import_tasks(project_id, waiting) == expected:
                return len(batch)
        except LabelStudioSilent:
            done.resent += 1
        there = _by_frame(server.tasks(server.project(project_id)))
        _add_lost(server, there, batch, done)
        waiting = [task for task in waiting if task["data"][FRAME_ID] not in there]
        if not waiting:
            return len(batch)
    raise LabelStudioError(
        f"Label Studio at {server.url} still lacks {len(waiting):,} of {len(batch):,} tasks after {ATTEMPTS} "
        "attempts. What arrived is kept; push again when the server is well."
    )


def _add_lost(
    server: LabelStudioServer, there: dict[str, list[RemoteTask]], tasks: Sequence[Task], done: Pushed
) -> None:
    """Send the prediction again of every task that lost it."""
    for task in tasks:
        for remote in there.get(task["data"][FRAME_ID], [])[:1]:
            counted_none = task["predictions"] and not remote.predictions
            if counted_none and not server.has_prediction(remote.id):
                server.add_prediction(remote.id, task["predictions"][0])
                done.lost += 1


def _settle(server: LabelStudioServer, project_id: int, tasks: Sequence[Task], done: Pushed) -> None:
    """Compare the whole project with what was sent: repair, take away doubles, and count what is there."""
    lost_before = done.lost
    listed = server.tasks(server.project(project_id))
    there = _by_frame(listed)
    _add_lost(server, there, tasks, done)
    for frame_id, same in there.items():
        for extra in same[1:]:
            if extra.annotations:
                done.doubled_with_annotations.append(frame_id)
            else:
                server.delete_task(extra.id)
                done.doubled += 1
    done.others = len(listed) - sum(map(len, there.values()))
    after = server.project(project_id)
    done.tasks, done.predictions = after.tasks, after.predictions
    _require_whole(server, after, _by_frame(server.tasks(after)) if done.lost > lost_before else there, tasks)


def _require_whole(
    server: LabelStudioServer, project: Project, there: dict[str, list[RemoteTask]], tasks: Sequence[Task]
) -> None:
    absent = sum(task["data"][FRAME_ID] not in there for task in tasks)
    held = [(task, there[task["data"][FRAME_ID]][0]) for task in tasks if task["data"][FRAME_ID] in there]
    bare = sum(
        bool(task["predictions"]) and not remote.predictions and not server.has_prediction(remote.id)
        for task, remote in held
    )
    if absent or bare:
        raise LabelStudioError(
            f"Project {project.id} at {server.url} still lacks {absent:,} of {len(tasks):,} tasks and the "
            f"predictions of {bare:,}. What is there is kept; push again."
        )


def _prefill(server: LabelStudioServer, project: Project, tasks: Sequence[Task]) -> None:
    """Let the editor begin with the newest run's answers."""
    versions = {one["model_version"] for task in tasks for one in task["predictions"]}
    if versions and project.model_version not in versions:
        server.prefill_from(project.id, versions.pop())
