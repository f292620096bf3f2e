"""The options that give a question time: how many frames it holds, and how far apart they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from data.errors import ProposalError

if TYPE_CHECKING:
    from data.vlm.moment import Lookback
    from data.vlm.weights import Weights

FRAMES_HELP = "Pictures per question: the frame and those before it, oldest first; 1 by default."
SPACING_HELP = "Seconds between the pictures of a question; 0.5 by default. Needs --frames 2 or more."

WIDTH_HELP = (
    "Width that pictures are scaled down to, in pixels; by default 1152, or with several --frames what keeps them "
    "within as many pixels together."
)


def lookback_asked(
    frames: int | None, spacing_s: float | None, weights: Weights | None = None
) -> Lookback | None:
    """What the options ask for; None where none was given. Weights trained here are asked as they were trained.

    Raises BadParameter for a spacing of one picture, ProposalError for another question than the weights know.
    """
    from data.vlm.moment import Lookback

    if spacing_s is not None and (frames or 1) == 1 and not (weights and frames is None):
        raise typer.BadParameter(
            "--spacing needs --frames 2 or more: one picture has no other to be apart from."
        )
    trained = weights.lookback if weights else None
    if frames is None and spacing_s is None:
        return trained
    default = trained or Lookback()
    asked = Lookback(frames or default.frames, default.spacing_s if spacing_s is None else spacing_s)
    if weights and asked.as_dict() != weights.lookback.as_dict():
        raise ProposalError(
            f"{weights.served_name} was trained with {weights.lookback.words} per question and cannot be asked with "
            f"{asked.words}."
        )
    return asked
