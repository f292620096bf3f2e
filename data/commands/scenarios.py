"""The commands of scenario generation: parse, call one function, print. `eval` adds the coverage to the group."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from data.terminal import AsJson, Settings, print_result, progress_bar, stopped_says
from data.text.phrases import counted, listed
from data.vocabulary import Split

scenarios = typer.Typer(
    help="Scenarios that the data lacks: what they are, plans for a generator, and taking in what it made.",
    no_args_is_help=True,
)


@scenarios.command("plan")
@stopped_says(lambda given: f"No plan was written to {given['out']}; run the same command again.")
def plan(
    ctx: typer.Context,
    out: Annotated[Path, typer.Argument(help="A new folder for clips and specifications.")],
    scenario: Annotated[
        list[str] | None,
        typer.Option(
            help="A scenario of the catalogue; repeat for several. By default those that Cosmos-Transfer2.5 can make."
        ),
    ] = None,
    clips: Annotated[int, typer.Option(min=1, help="Source clips for each scenario.")] = 5,
    variants: Annotated[int, typer.Option(min=1, help="Seeds for each clip.")] = 1,
    split: Annotated[Split, typer.Option(help="The side whose scenes are used.")] = Split.TRAIN,
    seed: Annotated[int, typer.Option(help="The same seed plans the same clips.")] = 0,
    frames: Annotated[int, typer.Option(min=2, max=1000, help="Frames of a clip, at most.")] = 93,
    distilled: Annotated[
        bool, typer.Option("--distilled", help="For the distilled edge model: 4 steps, exactly 93 frames.")
    ] = False,
    catalogue: Annotated[
        Path | None, typer.Option(help="Another catalogue; data/scenarios/catalogue.yaml by default.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Cut source clips and write specifications for a generator, with the command to run."""
    from dataclasses import asdict

    from data.scenarios.catalogue import read_catalogue
    from data.scenarios.plan import PlanRequest, plan_clips

    known = read_catalogue(catalogue)
    chosen = known.chosen(scenario) if scenario else [s for s in known.scenarios if s.change.keeps_geometry]
    asked = PlanRequest(chosen, clips, variants, split, seed, frames, distilled)
    with progress_bar("Cutting clips") as progress:
        planned = plan_clips(ctx.obj.open_store(), asked, out, progress=progress)
    lines = [f"{out}: {counted(planned.source_clips, 'source clip')}, planned {listed(planned.clips)}."]
    if planned.from_keyframes:
        lines.append(
            f"{counted(planned.from_keyframes, 'clip')} from keyframes alone (2 per second), because sweeps or their "
            "files are missing: motion between frames is large. Download the sweeps for better ones."
        )
    if planned.fewer:
        lines.append(f"Fewer scenes qualified than asked for: {listed(planned.fewer)}.")
    if planned.left_out:
        lines.append(f"Left out: {counted(len(planned.left_out), 'clip')} too short for the distilled model.")
    if planned.not_for_transfer:
        names = ", ".join(planned.not_for_transfer)
        lines.append(f"Only in general.jsonl, because new things have to appear: {names}.")
    if planned.specifications:
        lines.append(
            f"{counted(planned.specifications, 'specification')} for Cosmos-Transfer2.5: COSMOS=CHECKOUT {out}/run.sh, "
            f"then teletriage scenarios ingest {out}/outputs"
        )
    print_result(asdict(planned), "\n".join(lines), as_json=as_json)


@scenarios.command("ingest")
@stopped_says("The clips taken in so far stay; the same command takes in the others.")
def ingest(
    ctx: typer.Context,
    out_dir: Annotated[Path, typer.Argument(help="The folder with what the generator made.")],
    plan_folder: Annotated[
        Path | None, typer.Option("--plan", help="The plan's folder; the parent of OUT_DIR by default.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="What made the clips, where it is not Cosmos-Transfer2.5 as planned.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Take generated clips into the store as frames marked generated, on the side of their source."""
    from data.scenarios.ingest import take_in

    settings: Settings = ctx.obj
    store = settings.open_store()
    with progress_bar("Reading clips") as progress:
        done = take_in(
            store, out_dir, settings.workspace, plan_folder=plan_folder, model=model, progress=progress
        )
    sides = f" ({listed(done.by_split)})" if done.by_split else ""
    lines = [
        f"{counted(done.clips, 'clip')} taken in as {counted(done.frames, 'generated frame')}{sides}; "
        f"{done.known:,} were there already, {done.skipped:,} controls and masks skipped."
    ]
    if done.not_generated:
        lines.append(f"{counted(len(done.not_generated), 'planned clip')} without an output.")
    lines += [f"Refused: {reason}" for reason in done.refused.values()]
    if done.clips:
        lines.append("Ask the models about them: teletriage propose, as for any frame.")
    print_result(done.as_dict(), "\n".join(lines), as_json=as_json)
    if done.refused:
        raise typer.Exit(1)


@scenarios.command("critic")
@stopped_says("The verdicts so far are stored; the same command asks about the other clips.")
def critic(
    ctx: typer.Context,
    endpoint: Annotated[list[str], typer.Option(help="An OpenAI-compatible endpoint: http://HOST:PORT/v1.")],
    model: Annotated[str, typer.Option(help="The model's name at the endpoint; the teacher suits.")],
    api_key: Annotated[str, typer.Option(envvar="TELETRIAGE_API_KEY", help="The endpoint's key.")] = "none",
    as_json: AsJson = False,
) -> None:
    """Ask a model whether each generated clip could be real. Advice to people: it rejects nothing."""
    from data.scenarios.critic import criticise

    with progress_bar("Asking about clips") as progress:
        done = criticise(
            ctx.obj.open_store(), endpoint=endpoint, model=model, api_key=api_key, progress=progress
        )
    lines = [
        f"{model}: {counted(done.asked, 'clip')} asked about, {done.approved:,} approved, {done.rejected:,} rejected, "
        f"{done.unclear:,} without a verdict."
    ]
    lines += [f"No answer for {counted(n, 'clip')}: {reason}" for reason, n in done.unreached.items()]
    if done.disagreements:
        lines.append("Look at these again; the model and people differ:")
        lines += [f"  {one}" for one in done.disagreements]
    print_result(done.as_dict(), "\n".join(lines), as_json=as_json)
