"""The commands that look for what may be wrong: verified levels, and words about frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from data.commands.following import after_look, after_suspicions
from data.terminal import AsJson, Settings, print_result, progress_bar, stopped_says
from data.text.phrases import counted, listed

if TYPE_CHECKING:
    from data.grounding.cutting.asking import CutTexts
    from data.store.opening import Store
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
    then = after_suspicions(settings) if ranked else None
    print_result(figures, "\n".join(lines), as_json=as_json, then=then)


def _line(one: Suspicion) -> str:
    chances = f"{one.p_level:.2f} / {one.p_likely:.2f}"
    return f"{one.frame_id}  {one.level.value} -> {one.likely.value}  {chances}  {one.why}"


@stopped_says("What was judged is kept; run the same command again and it goes on from there.")
def ground(
    ctx: typer.Context,
    runs: Annotated[list[str] | None, typer.Argument(help="Runs to judge; all of them by default.")] = None,
    assertions_endpoint: Annotated[
        list[str] | None,
        typer.Option(
            "--assertions-endpoint",
            help="Have a model cut the words into assertions instead of the rules: an OpenAI-compatible endpoint, "
            "such as http://127.0.0.1:8000/v1; repeat to distribute requests. Pictures and names are not sent.",
        ),
    ] = None,
    assertions_model: Annotated[
        str | None, typer.Option("--assertions-model", help="The model's name at that endpoint.")
    ] = None,
    by_rules: Annotated[
        bool, typer.Option("--by-rules", help="Cut by the rules again what an endpoint has cut.")
    ] = False,
    concurrency: Annotated[int, typer.Option(min=1, max=1024, help="Concurrent requests.")] = 16,
    api_key: Annotated[str, typer.Option(envvar="TELETRIAGE_API_KEY", help="The endpoint's key.")] = "none",
    as_json: AsJson = False,
) -> None:
    """Hold what models and people say of frames against boxes, poses, map and cues: contradicted or left out."""
    from data.grounding.cutting.kept import forget_cuts
    from data.grounding.grounded_words import ground as use_case
    from data.grounding.tallies import tallies

    if bool(assertions_endpoint) != (assertions_model is not None):
        raise typer.BadParameter("--assertions-endpoint and --assertions-model go together.")
    if by_rules and assertions_endpoint:
        raise typer.BadParameter("Give either --by-rules or --assertions-endpoint.")
    settings: Settings = ctx.obj
    store = settings.open_store()
    cut = _cut(store, assertions_endpoint, str(assertions_model), runs or (), concurrency, api_key)
    given_back = forget_cuts(store, runs or ()) if by_rules else 0
    with progress_bar("Judging words") as progress:
        done = use_case(store, runs or (), progress=progress)
    found = tallies(store)
    lines = [
        *(_cut_lines(cut) if cut else ()),
        *([f"{counted(given_back, 'text')} cut by the rules again."] if by_rules else ()),
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
        **({"cut": cut.as_dict()} if cut else {}),
        **({"given_back": given_back} if by_rules else {}),
    }
    print_result(figures, "\n".join(lines), as_json=as_json, then=after_look(settings))


def _cut(
    store: Store,
    endpoints: list[str] | None,
    model: str,
    runs: Sequence[str],
    concurrency: int,
    api_key: str,
) -> CutTexts | None:
    """What a model at an endpoint cut, where one is named."""
    if not endpoints:
        return None
    from data.grounding.cutting.asking import asking_of, cut_at_endpoint

    asking = asking_of(endpoints, model, concurrency=concurrency, api_key=api_key)
    with progress_bar("Cutting words") as progress:
        return cut_at_endpoint(store, asking, runs, progress=progress)


def _cut_lines(cut: CutTexts) -> Iterator[str]:
    yield (
        f"{counted(cut.asked, 'text')} cut into {counted(cut.assertions, 'assertion')} by {cut.cut_by}; "
        f"{counted(cut.dropped.total(), 'assertion')} dropped{_why(cut.dropped)}."
    )
    if cut.unusable:
        replies = counted(cut.unusable.total(), "reply", "replies")
        yield f"{replies} of no use, the rules cut those texts{_why(cut.unusable)}."
    if cut.unreached:
        yield f"{counted(cut.unreached.total(), 'text')} without an answer yet{_why(cut.unreached)}; run it again."


def _why(reasons: Mapping[str, int]) -> str:
    plain = {reason.rstrip("."): n for reason, n in reasons.items()}
    return f" ({listed(plain)})" if reasons else ""
