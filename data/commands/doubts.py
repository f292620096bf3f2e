"""The commands that look for what may be wrong: verified levels, and words about frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from data.commands.following import after_look
from data.terminal import AsJson, Settings, print_result, progress_bar, stopped_says
from data.text.phrases import counted

if TYPE_CHECKING:
    from data.suspicion.ranking import Suspicion


@stopped_says("Nothing was changed in the store; run the same command again.")
def suspicions(
    ctx: typer.Context,
    show: Annotated[int, typer.Option("--show", min=0, help="How many to print.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Rank verified training levels that runs, cues and look-alike frames of other scenes speak against."""
    from data.suspicion.kept import FILE, write_suspicions

    settings: Settings = ctx.obj
    found, ranked = write_suspicions(settings.open_store(), settings.workspace)
    based = ", ".join([*found.said, "cues", *(["vectors"] if found.vectors is not None else [])])
    lines = [
        f"{counted(len(ranked), 'suspicious level')} among {counted(len(found.frame_ids), 'verified training frame')} "
        f"of {counted(found.scenes, 'scene')} (from {based}); all of them in {settings.workspace / FILE}.",
        *map(_line, ranked[:show]),
    ]
    if found.vectors is None:
        lines.append("Run `teletriage embed` first to let look-alike frames speak too.")
    figures = {
        "frames": len(found.frame_ids),
        "scenes": found.scenes,
        "runs": list(found.said),
        "has_vectors": found.vectors is not None,
        "suspicious": [{**one.as_dict(), "score": round(one.score, 4)} for one in ranked],
    }
    print_result(figures, "\n".join(lines), as_json=as_json)


def _line(one: Suspicion) -> str:
    chances = f"{one.p_level:.2f} / {one.p_likely:.2f}"
    return f"{one.frame_id}  {one.level.value} -> {one.likely.value}  {chances}  {one.why}"


@stopped_says("What was judged is kept; run the same command again and it goes on from there.")
def ground(
    ctx: typer.Context,
    runs: Annotated[list[str] | None, typer.Argument(help="Runs to judge; all of them by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Hold what models and people say of frames against boxes, poses, map and cues: contradicted or left out."""
    from data.grounding.grounded_words import ground as use_case
    from data.grounding.tallies import tallies

    settings: Settings = ctx.obj
    store = settings.open_store()
    with progress_bar("Judging words") as progress:
        done = use_case(store, runs or (), progress=progress)
    found = tallies(store)
    lines = [
        f"{counted(done.texts, 'text')} judged in {done.seconds:.1f} s, "
        f"{counted(done.frames_looked_up, 'frame')} looked up.",
        *(f"{one.name}: {one.in_words()}" for one in found),
        *(f"Frames of {name} could not be looked up: {why}" for name, why in done.not_looked_up.items()),
    ]
    figures = {
        "texts": done.texts,
        "seconds": round(done.seconds, 2),
        "frames_looked_up": done.frames_looked_up,
        "not_looked_up": done.not_looked_up,
        "words": [one.as_dict() for one in found],
    }
    print_result(figures, "\n".join(lines), as_json=as_json, then=after_look(settings))
