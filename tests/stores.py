"""Stores that tests build: copies of templates, as SQLite files or as PostgreSQL databases."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import event
from sqlmodel import select

from data.frames.ingest import ingest
from data.frames.sampling import sample_frames
from data.proposals.recorded_replies import propose_from_replies
from data.sources.nuscenes import nuscenes
from data.store.keys import draw_repeatably
from data.store.opening import Store, open_store
from data.store.tables import Dataset
from data.verification.status import refresh_statuses
from data.vocabulary import ModelRole, TriageLevel
from tests.dataroots import VERSION, A, S, a_dataroot, a_filename, a_raw_reply, a_token, replies_file
from tests.postgresql import Databases
from tests.templates import template

databases: Databases | None = None
"""Where tests marked `each_store` have their stores; None for SQLite files in the tests' own folders."""


def new_store_url() -> str | None:
    """The address of a database for a store that a test opens by itself, or None for an SQLite file."""
    return databases.new() if databases else None


def an_empty_store(folder: Path, *, url: str | None = None) -> Store:
    """A new store without anything in it; `url` names its database where the test has one of its own."""
    place = url or new_store_url()
    if place is None:
        an_empty_workspace(folder)
    return _opened(folder, place)


def an_empty_workspace(folder: Path) -> Path:
    """The folder with a new SQLite store that nobody has opened yet."""
    shutil.copytree(template("empty", _build_empty) / "workspace", folder, dirs_exist_ok=True)
    folder.chmod(0o700)
    return folder


def _build_empty(folder: Path) -> None:
    open_store(folder / "workspace", create=True).close()


def _opened(workspace: Path, url: str | None) -> Store:
    """A store that is thrown away: what tests write need not outlive a power cut."""
    store = open_store(workspace, url=url)
    if workspace.is_dir():  # a test may have made it before
        workspace.chmod(0o700)
    if store.is_sqlite:
        store.engine.dispose()
        event.listen(store.engine, "connect", lambda opened, _: opened.execute("PRAGMA synchronous=OFF"))
    draw_repeatably(store)
    return store


@dataclass(frozen=True)
class Recipe:
    """What determines a store that is built; equal recipes are copies of one template."""

    scenes: Mapping[str, int]
    teacher: TriageLevel | Mapping[str, str] | None
    student: TriageLevel | Mapping[str, str] | None
    is_sampled: bool

    @property
    def name(self) -> str:
        said = [repr(one) for one in (list(self.scenes.items()), self.teacher, self.student, self.is_sampled)]
        return f"store_{a_token(' '.join(said))}"

    def build(self, folder: Path) -> None:
        """Fill a folder: a dataroot, a file of replies per role, and a workspace whose store has taken them in."""
        a_dataroot(folder / "dataroot", scenes=self.scenes)
        for role, raw in self._replies().items():
            replies_file(folder / f"{role.value}.jsonl", raw, role=role)
        shutil.copytree(template("empty", _build_empty), folder, dirs_exist_ok=True)
        self.take_in(folder, _opened(folder / "workspace", None))

    def take_in(self, folder: Path, store: Store) -> None:
        ingest(store, nuscenes(folder / "dataroot", VERSION))
        if self.is_sampled:
            total = sum(self.scenes.values())
            sample_frames(store, train=total, held_out=total, seed=0)
            for role in self._replies():
                propose_from_replies(store, folder / f"{role.value}.jsonl", role=role)
            refresh_statuses(store)
        store.close()

    def _replies(self) -> dict[ModelRole, Mapping[str, str]]:
        """Raw replies by file name, for each role that has a run."""
        names = [a_filename(scene, at) for scene, frames in self.scenes.items() for at in range(frames)]
        roles = {ModelRole.TEACHER: self.teacher, ModelRole.STUDENT: self.student} if self.is_sampled else {}
        return {
            role: {name: a_raw_reply(said) for name in names} if isinstance(said, TriageLevel) else said
            for role, said in roles.items()
            if said is not None
        }


def a_store(
    folder: Path,
    *,
    scenes: Mapping[str, int] | None = None,
    teacher: TriageLevel | Mapping[str, str] | None = S,
    student: TriageLevel | Mapping[str, str] | None = A,
    sampled: bool = True,
    url: str | None = None,
) -> Store:
    """A store with a dataroot's frames, all of them sampled, and with one reply per frame and role.

    teacher, student: one level for every frame, raw replies by file name, or None for no run.
    """
    chosen = scenes if scenes is not None else {"scene-0001": 4, "scene-0002": 4}
    recipe = Recipe(chosen, teacher, student, sampled)
    made = template(recipe.name, recipe.build)

    def take_in(place: str) -> None:
        recipe.take_in(made, open_store(made, url=place))

    if url is not None:
        take_in(url)
    elif databases is not None:
        url = databases.like(recipe.name, take_in)
    return copied(made, folder, url=url)


def copied(made: Path, folder: Path, *, url: str | None = None) -> Store:
    """A template's files in a test's own folder, with its store; `url` names the database that holds it already."""
    elsewhere = shutil.ignore_patterns("workspace") if url else None
    shutil.copytree(made, folder, ignore=elsewhere, dirs_exist_ok=True)
    store = _opened(folder / "workspace", url)
    with store.write() as session:
        session.exec(select(Dataset)).one().dataroot = str((folder / "dataroot").resolve())
    return store


def worked_on(folder: Path, name: str, build: Callable[[Path], Store]) -> Store:
    """The store that `build` makes of a folder by acts of people: made once under this name on each database, then
    copied."""
    made = template(f"store_{a_token(name)}", lambda place: _build_on_sqlite(place, build))
    if databases is None:
        return copied(made, folder)
    return copied(made, folder, url=databases.like_that_of(name, lambda: build(folder / "once")))


def _build_on_sqlite(place: Path, build: Callable[[Path], Store]) -> None:
    global databases  # noqa: PLW0603 - a template's store is one of its files
    chosen, databases = databases, None
    try:
        build(place).close()
    finally:
        databases = chosen
