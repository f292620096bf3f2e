"""The commands that take frames in, draw from them, count their cues and erase their pictures."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data.commands.following import HELD_OUT, TRAIN, after_ingest, after_sample
from data.errors import SamplingError
from data.sources.opening import ADAPTERS as KINDS
from data.terminal import AsJson, Settings, print_result, progress_bar, stopped_says
from data.text.phrases import counted, entries, listed, titled

if TYPE_CHECKING:
    from data.erasure.erase import Erased
    from data.frames.ingest import Ingested
    from data.frames.sampling import Sampled

_SCENES_NAMED = 5


@stopped_says("The pictures read so far are stored; the same command reads the others.")
def ingest(
    ctx: typer.Context,
    source: Annotated[
        Path,
        typer.Argument(help="A dataroot with nuScenes' tables, or drives of another kind.", metavar="SOURCE"),
    ],
    kind: Annotated[
        str | None,
        typer.Option("--as", metavar="KIND", help=f"{', '.join(KINDS)}; by default what SOURCE looks like."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="What the data set is called; by default as its tables or files are.")
    ] = None,
    version: Annotated[
        str | None, typer.Option(help="The folder with nuScenes' tables; v1.0-trainval by default.")
    ] = None,
    camera: Annotated[
        str | None, typer.Option(help="The camera whose pictures become frames, as SOURCE calls it.")
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(min=0.01, max=100.0, help="At most so many frames of each second of a recording."),
    ] = None,
    licence: Annotated[
        str | None, typer.Option(help="The terms that bind these pictures; by default what SOURCE says.")
    ] = None,
    recheck: Annotated[
        bool, typer.Option("--recheck", help="Read every image again, not only new ones.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read drives into the store: scenes, and the pictures of their front camera.

    A workspace holds any number of data sets, each under its name. What a source lacks (boxes, poses) stays unknown.
    """
    from data.frames.ingest import ingest as use_case
    from data.sources.opening import Options, open_source
    from data.verification.status import refresh_statuses

    settings: Settings = ctx.obj
    # Before a workspace is made for what is no source.
    drives = open_source(source, kind, Options(version, camera, rate, licence))
    with progress_bar("Reading images") as progress:
        store = settings.open_store(create=True)
        done = use_case(
            store,
            drives,
            name=name,
            pictures=settings.workspace / "pictures",
            progress=progress,
            recheck=recheck,
        )
    refresh_statuses(store)
    usable = done.frames - sum(done.set_aside.values())
    print_result(done.as_dict(), _ingested(done), as_json=as_json, then=after_ingest(settings, usable))


def _ingested(done: Ingested) -> str:
    from data.frames.draws import named_parted

    lines = [
        f"{done.data_set}: {counted(done.frames, 'frame')} in {counted(done.scenes, 'scene')}: "
        f"{done.added:,} added, {done.updated:,} updated."
    ]
    if done.set_aside:
        lines[0] += f" Set aside: {listed(done.set_aside)}."
    for name, n in done.elsewhere.items():
        lines.append(
            f"{counted(n, 'frame')} more {'is' if n == 1 else 'are'} in the data set {name} already."
        )
    if done.parted:
        lines.append(named_parted(done.parted))
    for name, reason in [*done.scenes_set_aside.items()][:_SCENES_NAMED]:
        lines.append(f"Set aside, the scene {name}: {reason}")
    if len(done.scenes_set_aside) > _SCENES_NAMED:
        lines.append(f"{len(done.scenes_set_aside) - _SCENES_NAMED:,} more scenes are set aside; see --json.")
    return "\n".join(lines)


@stopped_says("A draw is stored whole or not at all; run the same command again.")
def sample(
    ctx: typer.Context,
    train: Annotated[int, typer.Option(help="How many frames to train on.")] = TRAIN,
    held_out: Annotated[int, typer.Option(help="How many frames to evaluate on.")] = HELD_OUT,
    seed: Annotated[int, typer.Option(help="The same seed draws the same frames.")] = 0,
    recipe: Annotated[
        Path | None,
        typer.Option(help="Split, thinning and biases (YAML); data/frames/sampling_recipe.yaml by default."),
    ] = None,
    data_set: Annotated[
        str | None, typer.Option("--data-set", help="Draw from this data set alone; from all by default.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be drawn; nothing is stored.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask where few scenes are held out.")] = False,
    as_json: AsJson = False,
) -> None:
    """Split the scenes and draw frames on both sides, edge cases with a higher probability.

    Another draw replaces this one until a model or a person has answered about its frames. Scenes that are ingested
    after that get a draw of their own, with their own numbers.
    """
    from data.frames.sampling import sample_frames
    from data.frames.sampling_recipe import read_recipe
    from data.frames.sampling_report import sampling_report
    from data.verification.status import refresh_statuses

    settings: Settings = ctx.obj
    store = settings.open_store()
    draw = partial(
        sample_frames,
        store,
        train=train,
        held_out=held_out,
        seed=seed,
        recipe=read_recipe(recipe),
        data_set=data_set,
    )
    drawn = draw(dry_run=True)
    if not dry_run:
        _ask_about_few_scenes(drawn, yes=yes)
        drawn = draw()
        refresh_statuses(store)
    sides = " and ".join(
        f"{counted(drawn.taken[side], 'frame')} of {counted(drawn.scenes[side], 'scene')} {words}"
        for side, words in (("train", "to train on"), ("held_out", "held out"))
    )
    short = [f"{drawn.asked[side]:,}" for side in drawn.asked if drawn.taken[side] < drawn.asked[side]]
    note = f" Fewer were there than asked for ({' and '.join(short)})." if short else ""
    again = " (drawn before; nothing changed)" if drawn.was_there else ""
    again += " (in place of the earlier draw, which nothing rested on)" if drawn.replaces else ""
    sentence = f"{sides}{again}.{note}\n{sampling_report(drawn)}"
    asked = ("sample", "--train", train, "--held-out", held_out, "--seed", seed)
    recipe_too = (("--recipe", recipe) if recipe else ()) + (("--data-set", data_set) if data_set else ())
    if dry_run:
        sentence += "\nNothing was stored."
    then = settings.command(*asked, *recipe_too) if dry_run else after_sample(settings)
    print_result(drawn.as_dict(), sentence, as_json=as_json, then=then)


def _ask_about_few_scenes(drawn: Sampled, *, yes: bool) -> None:
    """Ask before so few scenes are held out that no report can give an interval. Raises SamplingError where nobody
    can be asked."""
    from data.frames.sampling import ENOUGH_SCENES

    scenes = drawn.scenes["held_out"] + drawn.earlier.get("held_out", 0)
    if yes or drawn.was_there or scenes >= ENOUGH_SCENES:
        return
    few = (
        f"Only {counted(scenes, 'scene')} would be held out: reports give no interval on fewer than "
        f"{ENOUGH_SCENES} scenes."
    )
    if not sys.stdin.isatty():
        raise SamplingError(f"{few} Give --yes to draw so, or a larger --held-out.")
    typer.confirm(f"{few} Draw so?", abort=True, err=True)


@stopped_says("Nothing was changed in the store; run the same command again.")
def cues(
    ctx: typer.Context,
    sheet: Annotated[
        Path | None,
        typer.Option(help="Write a contact sheet per cue into this folder, to check them by eye."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Count the frames that show each cue."""
    from dataclasses import asdict

    from data.frames.cue_sheets import count_cues, write_cue_sheets

    store = ctx.obj.open_store()
    done = count_cues(store) if sheet is None else write_cue_sheets(store, sheet)
    unknown = f" Could not be looked for: {_in_frames(done.unknown)}." if done.unknown else ""
    written = f" Sheets in {sheet}: {', '.join(done.sheets) or 'none'}." if sheet else ""
    print_result(
        asdict(done),
        f"{counted(done.frames, 'frame')}: {listed(done.counts)}.{unknown}{written}",
        as_json=as_json,
    )


def _in_frames(by_cue: dict[str, int]) -> str:
    return ", ".join(f"{cue} in {counted(n, 'frame')}" for cue, n in by_cue.items())


@stopped_says(
    "Copies of the pictures may be left in the workspace; run the same command again to remove them."
)
def erase(
    ctx: typer.Context,
    what: Annotated[
        str,
        typer.Argument(
            metavar="FRAME|SCENE|FEED",
            help="A frame's id or file name, a scene's id or name, or a feed's name.",
        ),
    ],
    why: Annotated[str, typer.Option(help="The reason, which the store keeps and screens show.")],
    by: Annotated[
        str | None,
        typer.Option(
            help="Who erases: a lead's or an administrator's account, needed where there are several."
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Erase pictures for good: from every screen and export, and every copy of them below the workspace.

    Reviews, proposals and hashes stay. Files of a dataroot outside the workspace are never written: their paths are
    printed for their owner to delete. Snapshots, reports and backups that still hold the pictures are named.
    """
    from data.erasure.erase import erase as use_case
    from data.erasure.erase import person_who
    from data.people.permissions import Act

    settings: Settings = ctx.obj
    store = settings.open_store()
    person_id = person_who("erases", Act.ERASE, store, by)
    if not yes and sys.stdin.isatty():
        typer.confirm(f"Erase the pictures of {what} for good?", abort=True, err=True)
    with progress_bar("Looking for copies") as progress:
        done = use_case(store, settings.workspace, what, why=why, person_id=person_id, progress=progress)
    print_result(done.as_dict(), _told_erased(done), as_json=as_json)


def _told_erased(done: Erased) -> str:
    again = "" if done.is_new else f" They were erased before: {done.why}"
    shown = ", ".join(
        (counted(done.frames, "frame"), counted(done.alerts, "alert"), counted(done.clips, "clip"))
    )
    gone = ", ".join(
        (counted(done.files, "file"), f"{done.bytes / 1e6:,.1f} MB", counted(done.vectors, "vector"))
    )
    return "\n".join(
        [
            f"The pictures of {done.subject} are erased and shown nowhere any more ({shown}).{again}",
            f"Removed from the workspace: {gone}.",
            *titled(
                "Outside the workspace nothing is written; the owner of these files has to delete",
                done.originals,
            ),
            *titled("Snapshots still hold them and are never edited; delete", entries(done.snapshots)),
            *titled("Reports still show them; delete or evaluate again", done.reports),
            *titled("Backups from before know nothing of this; run it again after restoring", done.backups),
        ]
    )
