"""The command that blurs faces and number plates."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data.terminal import AsJson, Settings, print_result, progress_bar, stopped_says
from data.text.phrases import counted, entries, titled

if TYPE_CHECKING:
    from data.blurring.blur import Blurred


@stopped_says(
    "Pictures that were blurred are shown blurred; run the same command again for the others and to remove what was "
    "made of the originals."
)
def blur(
    ctx: typer.Context,
    why: Annotated[str, typer.Option(help="The reason, which the store keeps.")],
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FRAME|SCENE|FEED",
            help="Frames by id or file name, scenes by id or name, feeds by name; by default every picture.",
        ),
    ] = None,
    of_list: Annotated[
        list[str] | None, typer.Option("--list", help="A list of frames as Frames keeps them; repeatable.")
    ] = None,
    detector: Annotated[
        Path | None,
        typer.Option(
            metavar="MODEL.onnx",
            help="A detector of faces and plates; without one, what the data set's boxes tell.",
        ),
    ] = None,
    score: Annotated[
        float | None,
        typer.Option(
            min=0.01, max=0.99, help="From which score on the detector's boxes count; 0.2 by default."
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            help="Who blurs: a lead's or an administrator's account, needed where there are several."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be blurred and write nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Blur faces and number plates for good: every screen, model and export takes the blurred copies from then on.

    Originals stay where they are and are never shown again; pictures beside blurred frames that have no copy of their
    own (sweeps, other cameras, clips) are withheld. Proposals and snapshots made before are named as such. Boxes alone
    miss whoever nobody annotated: name a detector. Exits with 1 if any picture could not be blurred.
    """
    from data.blurring.blur import BlurRequest
    from data.blurring.blur import blur as use_case
    from data.blurring.detector import LEAST_SCORE, open_detector
    from data.erasure.erase import person_who
    from data.people.permissions import Act

    settings: Settings = ctx.obj
    if score is not None and detector is None:
        raise typer.BadParameter("--score goes with --detector.")
    store = settings.open_store()
    person_id = person_who("blurs", Act.BLUR, store, by)
    opened = None if detector is None else open_detector(detector, least_score=score or LEAST_SCORE)
    asked = BlurRequest(why, tuple(what or ()), tuple(of_list or ()), opened, is_rehearsal=dry_run)
    if not yes and not dry_run and sys.stdin.isatty():
        named = ", ".join((*asked.subjects, *asked.lists)) or "every picture"
        typer.confirm(f"Blur {named} for good?", abort=True, err=True)
    with progress_bar("Blurring") as progress:
        done = use_case(store, settings.workspace, asked, person_id=person_id, progress=progress)
    print_result(done.as_dict(), _rehearsed(done) if dry_run else _told(done), as_json=as_json)
    if done.not_blurred:
        raise typer.Exit(1)


def _rehearsed(done: Blurred) -> str:
    return (
        f"{counted(done.due, 'picture')} would be blurred, {done.boxed:,} of them by the data set's boxes; "
        f"{done.before:,} are already. Nothing was written."
    )


def _told(done: Blurred) -> str:
    n = sum(done.not_blurred.values())
    lines = [
        f"Blurred {counted(done.pictures, 'picture')}: {counted(done.regions, 'region')}, none in {done.without:,} of "
        f"them; {done.before:,} were blurred before.",
        f"Removed what was made of the originals: {counted(done.files, 'file')}, {counted(done.vectors, 'vector')}.",
    ]
    if n:
        reasons = [f"{counted(k, 'picture')}: {why}" for why, k in done.not_blurred.items()]
        lines += titled(f"NOT blurred, and still shown as they are ({n:,})", reasons)
        lines += titled("Such as", done.examples)
    if done.lost:
        lines.append(
            f"{counted(done.lost, 'frame')} had no picture when ingested; blur again after the next ingest."
        )
    if done.proposals:
        lines.append(
            f"{counted(done.proposals, 'proposal')} of blurred frames had been asked with the unblurred picture; "
            "Frame and `trace` say so."
        )
    held = "Snapshots made before hold unblurred pictures and are never edited"
    lines += titled(held, entries(done.snapshots))
    lines += titled("Reports made before show unblurred pictures; delete or evaluate again", done.reports)
    lines += titled("Backups from before know nothing of this; blur again after restoring", done.backups)
    return "\n".join(lines)
