"""Use cases: Label Studio's JSON as plain files, without a server and without its SDK."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from pydantic_core import to_json

from data.errors import LabelStudioError
from data.label_studio.configuration import labelling_config
from data.label_studio.pull import PAGE, Origin, Progress, Pulled, take_answers
from data.label_studio.tasks import LOCAL_FILES, Task, reviewed_tasks, tasks_to_review
from data.store.opening import Store


@dataclass(frozen=True)
class Exported:
    """What was written: tasks with predictions and annotations, and the configuration beside them."""

    path: str
    config: str
    tasks: int
    predictions: int
    annotations: int

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def export_tasks(store: Store, path: Path, *, reviewed: bool = False, images: str = LOCAL_FILES) -> Exported:
    """Write the training frames that need a review as tasks to import in Label Studio, and the labelling
    configuration beside them under the same name with `.xml`.

    reviewed: those that have reviews instead, with each review as an annotation.
    Raises LabelStudioError: nothing to write, or one of the files is there already or cannot be written; then neither
    is left.
    """
    if path.suffix == ".xml":
        raise LabelStudioError(f"{path} would be the configuration's name; call the tasks' file NAME.json.")
    with store.read() as session:  # closed before anything is written: whoever reads may hold up commits
        tasks = iter((reviewed_tasks if reviewed else tasks_to_review)(session, images))
    first = next(tasks, None)
    if first is None:
        what = "has a review" if reviewed else "needs a review"
        raise LabelStudioError(f"No training frame {what}, so there is nothing to export.")
    config = path.with_suffix(".xml")
    with _new_file(config) as file:
        file.write(labelling_config().encode())
        counts = _written(path, chain([first], tasks))
    return Exported(str(path), str(config), *counts)


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """A file that was not there before, and is not there if the block fails. Raises LabelStudioError."""
    try:
        file = path.open("xb")
    except FileExistsError as error:
        raise LabelStudioError(f"{path} is there already; choose another name.") from error
    except OSError as error:
        raise LabelStudioError(f"{path} cannot be written: {error.strerror}.") from error
    try:
        with file:
            yield file
    except BaseException as error:
        path.unlink()
        if isinstance(error, OSError):
            raise LabelStudioError(f"{path} cannot be written: {error.strerror}.") from error
        raise


def _written(path: Path, tasks: Iterable[Task]) -> tuple[int, int, int]:
    """Write tasks as they come; returns how many tasks, predictions and annotations."""
    written = predictions = annotations = 0
    with _new_file(path) as file:
        for task in tasks:
            file.write(b",\n" if written else b"[")
            file.write(to_json(task))
            written += 1
            predictions += len(task["predictions"])
            annotations += len(task.get("annotations", ()))
        file.write(b"]\n")
    return written, predictions, annotations


def import_answers(
    store: Store,
    path: Path,
    *,
    emails: Mapping[int, str] | None = None,
    people: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Pulled:
    """Take the annotations of a JSON export of Label Studio as reviews, each once.

    emails: address by Label Studio's user id, which is all that its JSON exports say of who answered. Whoever
    imports a file vouches for its authors. Raises LabelStudioError for a file that is no such export.
    """
    tasks = _tasks(path)
    origin = Origin(
        str(path.resolve()),
        dict(emails or {}),
        {email.lower(): name for email, name in (people or {}).items()},
        imported=True,
    )
    done = Pulled(origin.source)
    for first in range(0, len(tasks), PAGE):
        if progress:
            progress(first, len(tasks))
        take_answers(store, tasks[first : first + PAGE], origin, done)
    if progress:
        progress(len(tasks), len(tasks))
    return done


def _tasks(path: Path) -> list[dict[str, Any]]:
    try:
        tasks = json.loads(path.read_bytes())
    except OSError as error:
        raise LabelStudioError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise LabelStudioError(f"{path} is not whole JSON: {error}. Nothing was taken.") from error
    if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
        raise LabelStudioError(f"{path} is not a list of tasks; export it from Label Studio as JSON.")
    if tasks and not any("annotations" in task for task in tasks):
        raise LabelStudioError(
            f"No task in {path} has annotations; export it as JSON (JSON-MIN, CSV and task lists leave them out)."
        )
    return tasks
