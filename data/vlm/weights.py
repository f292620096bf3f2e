"""The weights behind a served name: which training made a local folder, read from the record that stands beside it.

A folder's path says nothing about what is in it: retrained and merged to the same place, a model would be taken for the
one before. Its record names it: the first digits of the record's hash are part of the name that it is served under.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.errors import ProposalError
from data.vlm.moment import Lookback
from data.vocabulary import ReplyForm

RECORD = "provenance.json"
_NAME_DIGITS = 8


@dataclass(frozen=True)
class Weights:
    """What a folder's record says. `revision`: SHA-256 of the record, hex; `lineage`: snapshot, recipe and commit of
    the training, after which step where it is a checkpoint's, and whether it began from a stand-in. `form`,
    `image_width_px`, `lookback`: how the model was trained to be asked, where it was trained here."""

    served_name: str
    revision: str
    form: ReplyForm
    image_width_px: int
    lookback: Lookback
    lineage: dict[str, Any]


def served_name(folder: Path) -> str:
    """The name to serve a folder's weights under. Raises OSError without a record.

    The folder's own name and the first eight digits of its record's hash, such as aligned-3f2a9c1b.
    """
    return f"{folder.resolve().name}-{_revision(folder)[:_NAME_DIGITS]}"


def _revision(folder: Path) -> str:
    return hashlib.sha256((folder / RECORD).read_bytes()).hexdigest()


def read_weights(folder: Path) -> Weights:
    """The weights in a folder that `merge` or `train` wrote, or in a sealed checkpoint. Raises ProposalError."""
    try:
        record = json.loads((folder / RECORD).read_bytes())
        trained = record.get("adapter") or record
        training = trained.get("origin") or trained
        return Weights(
            served_name=served_name(folder),
            revision=_revision(folder),
            form=ReplyForm(training["reply_form"]),
            image_width_px=int(training["image_width_px"]),
            lookback=Lookback.of(training),
            lineage={
                "snapshot_hash": training["snapshot_hash"],
                "recipe": training["recipe"],
                "recipe_hash": training["recipe_hash"],
                "commit": training["environment"]["commit"],
                "step": trained.get("step"),
                "stand_in": bool(trained.get("base_model", training).get("stand_in")),
            },
        )
    except FileNotFoundError as error:
        raise ProposalError(
            f"{folder} has no {RECORD}, so nothing tells its weights from others at the same place. Name what "
            "`merge` wrote, or say which weights these are with --revision."
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ProposalError(
            f"{folder / RECORD} is not the record of a model trained here: {error}."
        ) from error
