"""The command that comes after one that is done, with the names and paths of what is there."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from data.terminal import Settings
from data.vocabulary import ModelRole

if TYPE_CHECKING:
    from data.snapshot.folder import Manifest
    from data.store import Store

TEACHER_AT, STUDENT_AT = "http://127.0.0.1:8000/v1", "http://127.0.0.1:8001/v1"
APP_AT = "http://127.0.0.1:8501"
STAND_IN = Path("models/stand-in")
TRAIN, HELD_OUT = 9500, 1000
"""How many frames `sample` draws where nothing else is asked for."""


def after_ingest(settings: Settings, usable: int) -> str:
    """A rehearsal of the draw, in numbers that the usable frames allow."""
    if usable >= TRAIN + HELD_OUT:
        return settings.command("sample", "--dry-run")
    held_out = max(usable // 10, 1)
    return settings.command("sample", "--train", usable - held_out, "--held-out", held_out, "--dry-run")


def after_sample(settings: Settings) -> str:
    """Asking the paper's teacher."""
    from data.vlm.profiles import PAPERS_TEACHER

    return _ask(settings, ModelRole.TEACHER, TEACHER_AT, PAPERS_TEACHER)


def after_propose(settings: Settings, store: Store, role: ModelRole, run: str) -> str:
    """The student where none was asked, then an account where nobody has one, then the app; after an aligned model,
    the report."""
    from data.people.accounts import list_people
    from data.proposals.runs import latest_run
    from data.vlm.profiles import PAPERS_STUDENT

    with store.read() as session:
        student = latest_run(session, ModelRole.STUDENT)
    if role is ModelRole.ALIGNED:
        runs = [one for name in (student.name if student else None, run) if name for one in ("--run", name)]
        return settings.command("evaluate", *runs, "--out", Path("reports") / run)
    if student is None:
        return _ask(settings, ModelRole.STUDENT, STUDENT_AT, PAPERS_STUDENT)
    if all(person.is_scripted for person in list_people(store)):
        return settings.command("people", "add", "NAME", "--role", "annotator")
    return settings.command("review")


def after_batch(out: Path, model: str) -> str:
    """Answering a file of requests offline, and taking the results."""
    results = out.with_name(f"{out.stem}-results{out.suffix}")
    run = shlex.join(["vllm", "run-batch", "-i", str(out), "-o", str(results), "--model", model])
    return (
        f"{run}, then the same command with {shlex.join(['--batch-in', str(results)])} instead of --batch-out"
    )


def after_probe(settings: Settings, run: str) -> str:
    """A report, which says whether the run's model looks."""
    return settings.command("evaluate", "--run", run, "--out", Path("reports") / f"{run}-probed")


def after_look(settings: Settings) -> str:
    """The app, where *Frames* finds what vectors and judged words say."""
    return settings.command("review")


def after_suspicions(settings: Settings) -> str:
    """The app, where *Frames* shows the ranking with the most suspicious level first."""
    from data.find.question import About, Filter, Question, Sort

    ranked = Question((Filter(About.SUSPICIOUS, "any"),), sort=Sort.SUSPICION)
    return in_the_app(settings, f"frames?{ranked.address}")


def after_backup(settings: Settings, file: Path) -> str:
    """A rehearsal: a backup that was never restored may be none."""
    return settings.command("restore", "--rehearse", file)


def in_the_app(settings: Settings, page: str) -> str:
    """Serving the app, and the page to open in it."""
    return f"{settings.command('review')}, then open {APP_AT}/{page}"


def after_snapshot(settings: Settings, store: Store, folder: Path, manifest: Manifest) -> str:
    """Training the student whose answers are the rejected side; the stand-in, which may have to be built first, where
    the student is a script."""
    from data.demo.replies import STUDENT_MODEL
    from data.store.tables import ModelRun
    from data.vlm.profiles import PAPERS_STUDENT

    with store.read() as session:
        run = session.get(ModelRun, manifest.student_run_id) if manifest.student_run_id else None
    student = run.model if run else PAPERS_STUDENT
    if student == STUDENT_MODEL:
        train = _train(settings, folder, "stand_in", STAND_IN)
        is_built = settings.found(STAND_IN).exists()
        return train if is_built else f"{settings.command('stand-in', 'build', '--out', STAND_IN)} && {train}"
    return _train(settings, folder, "sa_dpo", Path("models") / student.rpartition("/")[2])


def after_merge(settings: Settings, merged: Path) -> str:
    """Asking the merged model, once it is served."""
    return settings.command(
        "propose", "--role", ModelRole.ALIGNED.value, "--endpoint", TEACHER_AT, "--weights", merged
    )


def _train(settings: Settings, snapshot: Path, recipe: str, model: Path) -> str:
    out = Path("runs") / snapshot.name
    given = ("--snapshot", snapshot, "--recipe", recipe, "--model", model, "--out", out)
    return settings.command("train", *given, "--dry-run")


def _ask(settings: Settings, role: ModelRole, endpoint: str, model: str) -> str:
    return settings.command("propose", "--role", role.value, "--endpoint", endpoint, "--model", model)
