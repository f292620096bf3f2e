"""How a model is asked: weights that were trained here as their record says, others as the options do."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from data.commands.lookback import lookback_asked
from data.errors import ProposalError
from data.terminal import Settings
from data.vocabulary import ReplyForm

if TYPE_CHECKING:
    from data.vlm.moment import Lookback
    from data.vlm.weights import Weights

WEIGHTS_HELP = (
    "The local folder of the weights that are served (from merge or train): its record names the model and says how it "
    "was trained to be asked."
)


@dataclass(frozen=True)
class AskedAs:
    """A model's name at its endpoint, and the shape of a question to it. `known`: the record of its weights."""

    model: str
    form: ReplyForm
    width_px: int
    lookback: Lookback
    known: Weights | None


def asked_as(
    settings: Settings,
    *,
    weights: Path | None,
    model: str | None,
    revision: str | None,
    form: ReplyForm | None,
    width_px: int | None,
    frames: int | None,
    spacing_s: float | None,
) -> AskedAs:
    """What the options ask for. Of a model that only its endpoint knows, what is not known is said on stderr.

    Raises BadParameter without a name, ProposalError for weights that were trained to be asked otherwise.
    """
    from data.images.model_picture import shared_width_px
    from data.vlm.moment import STILL

    known = known_weights(settings, weights, model, revision)
    named = model or (known.served_name if known else None)
    if named is None:
        raise typer.BadParameter("This needs a --model, or the --weights of one that was trained here.")
    lookback = lookback_asked(frames, spacing_s, known) or STILL
    wanted = {"form": form, "image_width_px": width_px}
    given = as_trained(known, {name: value for name, value in wanted.items() if value is not None})
    if known is None:
        print(
            f"An endpoint does not say how {named} was trained to be asked: it is asked with {lookback.words}. "
            "--weights FOLDER asks it as it was trained.",
            file=sys.stderr,
        )
    return AskedAs(
        named,
        given.get("form", ReplyForm.LEVEL_FIRST),
        given.get("image_width_px") or shared_width_px(lookback.frames),
        lookback,
        known,
    )


def as_trained(weights: Weights | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """What is given, with the form and width that the weights were trained with. Raises ProposalError for others."""
    asked = dict(given)
    trained = {"form": weights.form, "image_width_px": weights.image_width_px} if weights else {}
    for name, value in trained.items():
        if weights and asked.setdefault(name, value) != value:
            raise ProposalError(
                f"{weights.served_name} was trained with {name} {value} and cannot be asked with {asked[name]}."
            )
    return asked


def known_weights(
    settings: Settings, folder: Path | None, model: str | None, revision: str | None
) -> Weights | None:
    """The record of the weights that are asked: of the folder named, or of a model that is named by its folder."""
    from data.vlm.weights import read_weights

    if folder is not None:
        return read_weights(settings.found(folder))
    named = settings.found(Path(model)) if model else None
    if named is None or revision is not None or not named.is_dir():
        return None
    return read_weights(named)
