"""The `teletriage` command, and the one place that knows all four packages. Heavy parts load when a command runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

import annotator.commands
import annotator.monitor.commands
import data.commands.label_studio
import data.commands.mounted
import data.commands.scenarios
import eval.commands
import training.commands
from data.errors import TeletriageError
from data.terminal import Settings, refused_value, stopped_says
from data.text.addresses import to_copy
from data.vocabulary import ModelRole

if TYPE_CHECKING:
    from annotator.demo.walkthrough import TrainingStages


class _PlainErrors(TyperGroup):
    """Says what is wrong with an option's value in a sentence of its own, not in pydantic's."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            from pydantic import ValidationError

            if isinstance(error.__cause__, ValidationError):
                error.message = refused_value(error.__cause__)
            raise


app = typer.Typer(
    name="teletriage",
    cls=_PlainErrors,
    help="Human-in-the-loop triage, from a nuScenes dataroot to an aligned model and a report.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
_shows_traceback = Event()


@app.callback()
def settings(
    ctx: typer.Context,
    workspace: Annotated[
        Path, typer.Option(envvar="TELETRIAGE_WORKSPACE", help="The workspace folder.")
    ] = Path("workspace"),
    store: Annotated[
        str | None,
        typer.Option(
            envvar="TELETRIAGE_STORE", help="A database URL instead of the workspace's SQLite store."
        ),
    ] = None,
    debug: Annotated[
        bool, typer.Option("--debug", envvar="TELETRIAGE_DEBUG", help="Show where an error came from.")
    ] = False,
) -> None:
    """Options before the command apply to every command."""
    ctx.obj = Settings(workspace=workspace, store_url=store, given=_given(ctx, workspace, store))
    if debug:
        _shows_traceback.set()


def _given(ctx: typer.Context, workspace: Path, store: str | None) -> tuple[str, ...]:
    """The global options of this command line; what the environment says holds for the next one too."""
    given: tuple[str, ...] = ()
    for name, value in (("workspace", workspace), ("store", store)):
        source = ctx.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            given += (f"--{name}", to_copy(str(value)))
    return given


def _mount() -> None:
    commands = {
        **data.commands.mounted.COMMANDS,
        **annotator.commands.COMMANDS,
        **annotator.monitor.commands.COMMANDS,
        **training.commands.COMMANDS,
        **eval.commands.COMMANDS,
    }
    order = ("ingest", "sample", "propose", "review", "snapshot", "train", "merge", "evaluate")
    for name in [*order, *(name for name in commands if name not in order)]:
        _mount_one(name, commands[name])
    _mount_one("walkthrough", _walkthrough)
    _mount_one("compare", _compare)
    scenarios = data.commands.scenarios.scenarios
    for name, command in eval.commands.SCENARIO_COMMANDS.items():
        scenarios.command(name)(command)
    exchange = data.commands.label_studio.label_studio
    for name, group in {
        **data.commands.mounted.GROUPS,
        "labelstudio": exchange,
        "scenarios": scenarios,
        **training.commands.GROUPS,
        **eval.commands.GROUPS,
    }.items():
        app.add_typer(group, name=name)


def _mount_one(name: str, command: Callable[..., None]) -> None:
    summary = (command.__doc__ or "").strip().splitlines()[0]
    app.command(name, short_help=summary)(command)


@stopped_says("Nothing is kept unless --workspace names one; run the same command again.")
def _walkthrough(
    ctx: typer.Context,
    dataroot: Annotated[
        Path | None, typer.Option(help="A nuScenes dataroot; the demo dataset by default.")
    ] = None,
    version: Annotated[str, typer.Option(help="The tables' folder in the dataroot.")] = "v1.0-trainval",
    replies: Annotated[
        Path | None, typer.Option(help="Recorded teacher and student replies (JSONL) for that dataroot.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The seed of the split and the draw.")] = 0,
) -> None:
    """Run the whole loop unattended: ingest to report, scripted reviewers in place of people."""
    from annotator.demo.walkthrough import WalkthroughInput, run_walkthrough

    if (dataroot is None) != (replies is None):
        raise typer.BadParameter("--dataroot and --replies go together.")
    chosen = ctx.parent.get_parameter_source("workspace") if ctx.parent else None
    keep = ctx.obj.workspace if chosen is not None and chosen.name != "DEFAULT" else None
    asked = WalkthroughInput(dataroot=dataroot, version=version, replies=replies, seed=seed)
    run_walkthrough(asked, _training_stages(), keep_in=keep)


@stopped_says("Every run that was finished is kept; the same command goes on where it was.")
def _compare(
    ctx: typer.Context,
    recipes: Annotated[
        list[str], typer.Argument(metavar="RECIPE...", help="Recipe files, or names of shipped ones.")
    ],
    snapshot: Annotated[
        Path, typer.Option("--snapshot", help="The snapshot's folder, with held-out frames.")
    ],
    model: Annotated[Path, typer.Option("--model", help="The base model's folder on this machine.")],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            help="Folder of the comparison, a relative one in the workspace; one that was interrupted is resumed.",
        ),
    ],
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Runs of each arm.")] = 3,
    grid: Annotated[
        list[str] | None,
        typer.Option(
            "--grid", help="A recipe's key and values to try, e.g. beta=0.05,0.1,0.3; repeat for several."
        ),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option("--baseline", help="The arm that others are held against; by default the first."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else there.")
    ] = False,
) -> None:
    """Train recipes with several seeds on one snapshot and compare them on its held-out frames."""
    from training.commands import require_training_extra

    require_training_extra()
    from eval.arms.folder import read_arms
    from eval.arms.report import compare_arms, comparison_lines, write_comparison
    from training.arms.recipes import arms_of, parse_grid
    from training.arms.run import Compared, run_arms

    settings, arms = ctx.ensure_object(Settings), arms_of(recipes, parse_grid(grid or []))
    snapshot, model, out = settings.found(snapshot), settings.found(model), settings.made(out)
    run_arms(Compared(snapshot, model, arms, seeds), out, say=lambda words: print(words, file=sys.stderr))
    judged = read_arms(out)
    found = compare_arms(judged, baseline=baseline or arms[0].name)
    page = write_comparison(found, judged, out)
    print(found.model_dump_json() if as_json else f"{comparison_lines(found)}\n{page}")


def _training_stages() -> TrainingStages:
    from annotator.demo.walkthrough import TrainingStages
    from data.vlm.moment import AskedFrame
    from training.commands import require_training_extra

    require_training_extra()
    from training.generate import write_replies
    from training.merge import merge
    from training.recipe import find_recipe
    from training.stand_in import build_stand_in
    from training.train import train

    recipe = find_recipe("stand_in")
    return TrainingStages(
        build_stand_in=build_stand_in,
        train=lambda snapshot, model, out: train(snapshot, recipe, model, out),
        merge=merge,
        answer=lambda model, images, out: write_replies(
            model,
            [AskedFrame(name, image) for name, image in images],
            out,
            role=ModelRole.ALIGNED,
            model_name=f"stand-in-{model.name}",
        ),
    )


_mount()


def main() -> None:
    """Run the command line; a broken rule is one sentence on stderr and exit code 1."""
    os.umask(0o077)  # what any command writes is its owner's alone
    try:
        app()
    except TeletriageError as error:
        _fail(str(error), error)
    except Exception as error:  # noqa: BLE001 - the last place where a person could be shown a traceback
        kind = type(error).__name__
        _fail(f"Something unexpected went wrong ({kind}: {error}). --debug shows where.", error)


def _fail(sentence: str, error: Exception) -> None:
    if _shows_traceback.is_set():
        raise error
    print(f"teletriage: {sentence}", file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    main()
