"""The commands `train`, `merge` and `stand-in`: parse, call one function, print. torch is imported when one runs."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from data.commands.following import after_merge
from data.errors import TrainingError
from data.terminal import AsJson, Settings, counting_to_the_stop, print_result, stopped_says

if TYPE_CHECKING:
    from training.merge import MergeResult
    from training.plan.inputs import TrainingPlan
    from training.train import TrainingResult

_NEEDED = ("torch", "transformers", "trl", "peft", "datasets", "accelerate")
FLOORS = {"transformers": (5, 23), "trl": (1, 16)}
CEILINGS = {"trl": (1, 17)}
"""Versions that the tests of training pass on: below the floors and from the ceilings on, a run would fail inside or
train something else.

TRL before 1.16 scores answers with a kernel that a CPU lacks, before 1.15 not at all without all logits. transformers
before 5.5 reads no image processor without torchvision, 5.5 adds the losses of accumulated batches up instead of taking
their mean, and a run that is interrupted on 5.8 does not end as one that is not.
"""

Snapshot = Annotated[Path, typer.Option("--snapshot", help="The snapshot's folder.")]
RecipeName = Annotated[
    str,
    typer.Option(
        "--recipe",
        help="A recipe file, or a shipped recipe: sft, standard_dpo, sa_dpo, sft_then_sa_dpo, cdpo, odpo, stand_in.",
    ),
]
Model = Annotated[Path, typer.Option("--model", help="The base model's folder on this machine.")]
Out = Annotated[
    Path, typer.Option("--out", help="A new folder for the result; a relative one is made in the workspace.")
]
Adapter = Annotated[
    Path, typer.Option("--adapter", help="The folder that `train` wrote, or a checkpoint in it.")
]


class Dtype(StrEnum):
    """In what the merged weights are saved."""

    BFLOAT16 = "bfloat16"
    FLOAT16 = "float16"
    FLOAT32 = "float32"


def _kept_of(given: Mapping[str, Any]) -> str:
    out: Path = given["ctx"].obj.made(given["out"])
    if given["dry_run"]:
        return "Nothing was changed; run the same command again."
    if not (out / "run.json").is_file():
        return f"Nothing was written to {out}; run the same command again."
    if any(out.glob("checkpoints/*/provenance.json")):
        return f"{out} keeps its checkpoints; the same command with --resume goes on after the last one."
    return f"{out} has no checkpoint yet; the same command with --resume starts it again from the first step."


@stopped_says(_kept_of)
def train(
    ctx: typer.Context,
    snapshot: Snapshot,
    recipe: RecipeName,
    model: Model,
    out: Out,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check everything, print the plan, stop.")
    ] = False,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Resume the interrupted run in --out from its last good checkpoint."),
    ] = False,
    reference_file: Annotated[
        Path | None,
        typer.Option(
            "--reference-file",
            help="File for the reference's log-probabilities; runs on one snapshot can share it.",
        ),
    ] = None,
    track: Annotated[
        list[str] | None,
        typer.Option("--track", help="Send the curves to wandb, mlflow or trackio too, if installed."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train an adapter on a snapshot's preference pairs."""
    require_training_extra()
    from training.process.devices import choose_one_gpu, count_gpus

    if chosen := choose_one_gpu(os.environ, gpus=count_gpus()):
        print(chosen, file=sys.stderr)
    from training import train as use_case
    from training.process.processes import is_main_process
    from training.process.trackers import named
    from training.recipe import find_recipe

    settings: Settings = ctx.obj
    path, trackers, out = find_recipe(recipe), named(track or []), settings.made(out)
    snapshot, model = _found(settings, snapshot, model)
    if dry_run:
        given = ("--snapshot", snapshot, "--recipe", recipe, "--model", model, "--out", out)
        then = settings.command("train", *given)
        _print(use_case.plan(snapshot, path, model), _plan_text, as_json=as_json, then=then)
        return
    with _progress_bar() as (progress, say):
        result = use_case.train(
            snapshot,
            path,
            model,
            out,
            resume=resume,
            reference_file=reference_file,
            trackers=trackers,
            progress=progress,
            say=say,
        )
    if is_main_process():
        _print(result, _result_text, as_json=as_json, then=_after_train(settings, out, model))


def _after_train(settings: Settings, adapter: Path, model: Path) -> str:
    merged = Path("models") / f"{adapter.name}-merged"
    return settings.command("merge", "--adapter", adapter, "--model", model, "--out", merged)


@stopped_says(lambda given: f"No merged model was written to {given['out']}; run the same command again.")
def merge(
    ctx: typer.Context,
    adapter: Adapter,
    model: Model,
    out: Out,
    dtype: Annotated[Dtype, typer.Option("--dtype", help="Data type of the saved weights.")] = Dtype.BFLOAT16,
    as_json: AsJson = False,
) -> None:
    """Merge an adapter into its base model: one folder that a server loads."""
    require_training_extra()
    from training import merge as use_case

    settings: Settings = ctx.obj
    out = settings.made(out)
    result = use_case.merge(settings.found(adapter), settings.found(model), out, dtype=dtype.value)
    _print(result, _merged_text, as_json=as_json, then=after_merge(settings, out))


stand_in = typer.Typer(
    help="Small models for machines without real weights: one knows nothing, the miniature sees drawn roads.",
    no_args_is_help=True,
)
Seed = Annotated[int, typer.Option("--seed", help="Seed of the weights.")]


@stand_in.command("build")
@stopped_says(lambda given: f"{given['out']} may be incomplete; remove it and run the same command again.")
def build_stand_in(ctx: typer.Context, out: Out, seed: Seed = 0, as_json: AsJson = False) -> None:
    """Build a tiny model with random weights, on which training runs without real ones."""
    require_training_extra()
    from training.stand_in import build_stand_in as build

    out = ctx.obj.made(out)
    result = {"model": build(out, seed=seed), "stand_in": True}
    print_result(result, f"Stand-in with random weights in {out}.", as_json=as_json)


@stand_in.command("teach")
@stopped_says("Drawn roads are kept; the same command learns from them anew.")
def teach_miniature(
    ctx: typer.Context,
    out: Out,
    pictures: Annotated[
        Path, typer.Option("--pictures", help="Folder for the drawn roads; what is there is not drawn again.")
    ],
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Make the miniature anew: a small model that sees drawn roads. Takes about 15 minutes of one core."""
    require_training_extra()
    from training.miniature.build import build_miniature

    seen = build_miniature(out, pictures, seed=seed, say=lambda words: print(words, file=sys.stderr))
    text = ", ".join(f"{name} {value:.2f}" for name, value in seen.items())
    then = _after_teach(ctx.obj, out)
    print_result(seen, f"Miniature in {out}. On held-out roads it sees: {text}.", as_json=as_json, then=then)


def _after_teach(settings: Settings, miniature: Path) -> str:
    return settings.command("stand-in", "serve", "--model", miniature)


@stand_in.command("serve")
@stopped_says("The endpoint no longer answers; the same command serves it again.")
def serve_miniature(
    model: Annotated[
        Path | None,
        typer.Option(
            "--model", help="A model trained and merged from the miniature; the miniature itself by default."
        ),
    ] = None,
    aligned: Annotated[
        bool, typer.Option("--aligned", help="The miniature with the adapter that comes with it.")
    ] = False,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 takes a free one.")
    ] = 8000,
) -> None:
    """Serve the miniature behind an OpenAI-compatible endpoint on one CPU core."""
    require_training_extra()
    from training.miniature.build import ALIGNED, KEPT
    from training.serving.app import serve

    if aligned and model:
        raise TrainingError("--aligned is the kept miniature's own adapter: it does not go with --model.")
    serve(model or KEPT, ALIGNED if aligned else None, host=host, port=port)


COMMANDS: dict[str, Callable[..., None]] = {"train": train, "merge": merge}
"""What the composition root mounts, by the command's name."""
GROUPS: dict[str, typer.Typer] = {"stand-in": stand_in}
"""The same for groups of commands."""


def require_training_extra() -> None:
    """Raise TrainingError where the packages that training needs are not installed."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise TrainingError(
            f"Training needs {', '.join(missing)}, which this installation lacks: pip install 'teletriage[train]'."
        )
    for name, floor in FLOORS.items():
        refuse_version(name, version(name), floor, CEILINGS.get(name))


def refuse_version(
    name: str, installed: str, floor: tuple[int, int], ceiling: tuple[int, int] | None
) -> None:
    """Raise TrainingError where an installed version is below the floor, or not below the ceiling.

    >>> refuse_version("trl", "1.16.2", (1, 16), (1, 17))
    >>> refuse_version("trl", "1.12.0", (1, 16), (1, 17))
    Traceback (most recent call last):
    data.errors.TrainingError: trl 1.12.0 is installed and training needs >=1.16,<1.17: pip install 'trl>=1.16,<1.17'.
    """
    numbers = tuple(int(part) for part in re.findall(r"\d+", installed)[:2])
    if numbers < floor or (ceiling and numbers >= ceiling):
        wanted = f">={floor[0]}.{floor[1]}" + (f",<{ceiling[0]}.{ceiling[1]}" if ceiling else "")
        raise TrainingError(
            f"{name} {installed} is installed and training needs {wanted}: pip install '{name}{wanted}'."
        )


def _found(settings: Settings, snapshot: Path, model: Path) -> tuple[Path, Path]:
    """Both folders that a run reads. Raises TrainingError, before a bar is drawn, for each that is missing."""
    from training.models.folder import no_model_folder

    snapshot, model = settings.found(snapshot), settings.found(model)
    missing = [
        *(
            []
            if snapshot.is_dir()
            else [f"There is no snapshot {snapshot}: teletriage snapshot freezes one."]
        ),
        *([] if model.is_dir() else [no_model_folder(model)]),
    ]
    if missing:
        raise TrainingError(" ".join(missing))
    return snapshot, model


@contextmanager
def _progress_bar() -> Iterator[tuple[Callable[[int, int], None], Callable[[str], None]]]:
    from training.process.progress_bar import progress_bar

    with counting_to_the_stop() as count, progress_bar(sys.stderr) as (show, say):

        def progress(done: int, total: int) -> None:
            count(done, total)
            show(done, total)

        yield progress, say


def _print(result: Any, text: Callable[[Any], str], *, as_json: bool, then: str) -> None:
    print_result(asdict(result), text(result), as_json=as_json, then=then)


def _plan_text(plan: TrainingPlan) -> str:
    text = plan.prompt_tokens_mean + plan.chosen_tokens_mean + plan.rejected_tokens_mean
    lines = [
        f"Recipe {plan.recipe} on snapshot {plan.snapshot_hash[:12]}, base model {plan.base_model}",
        f"Pairs: {plan.pairs} ({_by_weight(plan.pairs_by_weight)})",
        f"Steps: {plan.steps}, each over {plan.pairs_per_update} pairs, {plan.shape}",
        f"Image tokens per pair: {plan.image_tokens_mean:.0f} on average, {plan.image_tokens_max} at most",
        f"Text tokens per pair: about {text:.0f} (mean of {plan.text_estimated_from} pairs: "
        f"prompt {plan.prompt_tokens_mean:.0f}, chosen {plan.chosen_tokens_mean:.0f}, "
        f"rejected {plan.rejected_tokens_mean:.0f})",
        f"Adapter: {plan.adapter_parameters:,} parameters, {plan.adapter_share:.3%} of {plan.base_parameters:,}",
        f"Memory, estimated: {plan.estimate.memory_gib:.1f} of the {plan.available_gib:.1f} GiB that are free here",
        f"Time, estimated: {_hours(plan.estimate.hours)} on {plan.estimate.device} at "
        f"{plan.estimate.utilisation:.0%} of its peak",
    ]
    return "\n".join([*lines, *plan.notes])


def _hours(hours: float) -> str:
    """How long a run takes, no finer than an estimate knows.

    >>> _hours(1.73), _hours(0.01)
    ('1.7 hours', 'less than 6 minutes')
    """
    return f"{hours:.1f} hours" if hours >= 0.1 else "less than 6 minutes"  # noqa: PLR2004 - the last decimal


def _result_text(result: TrainingResult) -> str:
    lines = [
        f"Adapter in {result.adapter} after {result.steps} steps on {_by_weight(result.pairs_by_weight)}.",
        f"Adapter: {result.adapter_parameters:,} parameters, {result.adapter_share:.3%} of the base model.",
        *_decisions_text(result),
        f"Serve it beside its base: vllm serve {result.base_model} --enable-lora --max-lora-rank {result.rank} "
        f"--lora-modules {result.served_name}={result.adapter}",
    ]
    return "\n".join([*lines, *result.notes])


def _decisions_text(result: TrainingResult) -> list[str]:
    """What the model decides; where nobody looked, that nobody did."""
    from training.watching.figures import in_words

    if result.decisions is None:
        return [
            f"Loss {result.loss_first:.4f} at the first log, {result.loss_last:.4f} at the last. Which levels the "
            "model decides was not watched: evaluate it before you believe in it."
        ]
    lines = [f"On the development part it {in_words(result.decisions)}."]
    best = result.best_decisions
    if best and best["step"] != result.decisions["step"]:
        lines.append(
            f"The best look was after step {best['step']:.0f}: it {in_words(best)}. It is in {result.best}."
        )
    return lines


def _merged_text(merged: MergeResult) -> str:
    return (
        f"Merged model in {merged.model} ({merged.dtype}).\n"
        f"Serve it as {merged.served_name}: vllm serve {merged.model} --served-model-name {merged.served_name}"
    )


def _by_weight(counts: dict[str, int]) -> str:
    return ", ".join(f"{n} of weight {weight}" for weight, n in counts.items())
