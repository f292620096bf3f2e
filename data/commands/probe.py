"""The command that probes a run: whether its model looks at the pictures that it is asked about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from data.commands.asking_bar import asking_bar
from data.commands.following import after_probe
from data.terminal import AsJson, Settings, print_result, stopped_says
from data.text.phrases import counted, listed

if TYPE_CHECKING:
    from data.probes.probing import Probed


@stopped_says("Every answer so far is stored; the same command goes on with the others.")
def probe(
    ctx: typer.Context,
    run: Annotated[str, typer.Argument(help="The run to probe: one that was asked with --endpoint.")],
    endpoint: Annotated[
        list[str],
        typer.Option(
            help="Where its model is served, such as http://127.0.0.1:8000/v1; repeat to distribute requests."
        ),
    ],
    model: Annotated[
        str | None, typer.Option(help="The model's name at the endpoint; by default the run's.")
    ] = None,
    arms: Annotated[
        list[str] | None,
        typer.Option(
            help="What to ask, with commas between: again, no-picture, other-scene, levels-reversed, mirrored, fog, "
            "rain, fog-3, and so on. By default all 50 arms: 15 ways to spoil a picture at 3 strengths."
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="Frames of each arm, of as many scenes as there are; all by default."),
    ] = None,
    occlude: Annotated[
        int, typer.Option(min=0, max=50, help="Frames whose boxes are greyed out one by one; 0 for none.")
    ] = 50,
    seed: Annotated[int, typer.Option(help="Seed of what is drawn.")] = 0,
    accept_token_mismatch: Annotated[
        bool,
        typer.Option(
            "--accept-token-mismatch",
            help="Go on where the server counts other prompt tokens than the text and the picture have.",
        ),
    ] = False,
    concurrency: Annotated[int, typer.Option(min=1, max=1024, help="Concurrent requests.")] = 64,
    api_key: Annotated[str, typer.Option(envvar="TELETRIAGE_API_KEY", help="The endpoint's key.")] = "none",
    as_json: AsJson = False,
) -> None:
    """Ask a run's model again without the picture, with another one, or with a spoilt one."""
    from data.errors import ProbeRefused
    from data.moments.files import MomentFiles
    from data.probes.arms import arms_named
    from data.probes.probing import ProbeRequest, probe_run

    settings: Settings = ctx.obj
    names = [name.strip() for given in arms or [] for name in given.split(",") if name.strip()]
    try:
        chosen = arms_named(names)
    except ProbeRefused as error:
        raise typer.BadParameter(str(error), param_hint="--arms") from error
    request = ProbeRequest(
        run,
        tuple(endpoint),
        model,
        tuple(chosen),
        limit,
        occlude,
        seed,
        concurrency,
        api_key,
        accept_token_mismatch,
    )
    store = settings.open_store()
    with asking_bar(f"Probing {run}") as watch:
        done = probe_run(store, request, MomentFiles(settings.workspace, wait_s=_WAIT_S), watch=watch)
    print_result(done.as_dict(), _sentence(done), as_json=as_json, then=after_probe(settings, run))


_WAIT_S = 600.0
"""For a data set's tables, which are read once for its boxes."""


def _sentence(done: Probed) -> str:
    answered, questions = (sum(getattr(one, name) for one in done.arms) for name in ("answered", "questions"))
    lines = [
        f"Run {done.run}, {counted(done.frames, 'held-out frame')} of {counted(done.scenes, 'scene')}: "
        f"{counted(done.added, 'new answer')}; {answered:,} of {questions:,} questions in "
        f"{counted(len(done.arms), 'arm')} have one."
    ]
    lines += [
        f"  {one.arm}: {sum(one.failures.values()):,} of {one.answered:,} without an assessment "
        f"({listed(one.failures)})."
        for one in done.arms
        if one.failures
    ]
    if done.note:
        lines.append(f"No box was greyed out: {done.note.rstrip('.')}.")
    if done.unreached:
        lines.append(f"No answer yet: {listed(done.unreached)}.")
    return "\n".join(lines)
