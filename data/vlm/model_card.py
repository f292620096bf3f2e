"""The model card of trained weights: the README that people and the Hugging Face hub read.

It is made of the record beside the weights, their decision and, once they were evaluated, what `evaluate --card` kept
there; whoever writes one of these writes the card anew. Names and words from elsewhere are escaped.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from pathlib import Path, PurePath
from typing import Any

import jinja2
import yaml  # type: ignore[import-untyped]  # PyYAML ships no types
from pydantic import BaseModel, ConfigDict, ValidationError

from data.decisions.decision import DECISION, read_decision
from data.errors import ProposalError
from data.text.markdown import markdown_text
from data.vlm.profiles import Profile, model_profiles
from data.vlm.weights import RECORD, read_weights
from data.vocabulary import LEVELS
from data.whole_files import written_whole

MODEL_CARD, EVALUATED = "README.md", "evaluated.json"


class ShownFigure(BaseModel):
    """A row of the card's table, as a report tells it. `of`: events and frames; `interval`: or why there is none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    value: str
    of: str
    interval: str


class Evaluated(BaseModel):
    """What an evaluation found of `weights`, a revision, on `frames` held-out frames of `scenes` scenes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: str
    run: str
    report: str
    evaluated_at: str | None
    verified_set_hash: str | None
    frames: int
    scenes: int
    unit: str
    figures: list[ShownFigure]


def write_model_card(folder: Path, *, name: str | None = None) -> Path:
    """Write the card of the weights in a folder that `train` or `merge` wrote, or of a sealed checkpoint. name: what
    the folder will be called, where it is not yet. Raises ProposalError for a folder without their record,
    DecisionError for a damaged decision."""
    text = model_card(folder, name or folder.resolve().name)
    with written_whole(folder / MODEL_CARD) as partial:
        partial.write_text(text, encoding="utf-8")
    return folder / MODEL_CARD


def model_card(folder: Path, name: str) -> str:
    """The card's text. Raises as `write_model_card`."""
    weights = read_weights(folder)
    record = json.loads((folder / RECORD).read_bytes())
    trained = record.get("adapter") or record
    base = _base(trained)
    known = model_profiles().find(base) if base and not weights.lineage["stand_in"] else None
    is_merged = "adapter" in record
    return _template().render(
        front=_front_matter(known, is_merged=is_merged, stand_in=bool(weights.lineage["stand_in"])),
        name=f"{name}-{weights.revision[:8]}",
        weights=weights,
        base=base,
        known=known,
        base_hash=(trained.get("base_model") or {}).get("hash") or trained["origin"]["base_model_hash"],
        is_merged=is_merged,
        dtype=record.get("dtype"),
        trained=trained,
        pictures=_pictures(int((trained.get("origin") or trained).get("frames", 1))),
        decision=read_decision(folder) if (folder / DECISION).is_file() else None,
        evaluated=_evaluated(folder, weights.revision),
        levels=LEVELS,
    )


def _base(trained: dict[str, Any]) -> str | None:
    """The base model's own name, without the machine's path to it; a checkpoint's record has its hash alone."""
    path = (trained.get("base_model") or {}).get("path")
    return PurePath(path).name if path else None


def _pictures(frames: int) -> str:
    return "one front-camera frame" if frames == 1 else f"{frames} front-camera frames of one scene"


def _front_matter(known: Profile | None, *, is_merged: bool, stand_in: bool) -> str:
    """YAML as the hub reads it. A base model is named only where it is known to be on the hub under that name."""
    fields: dict[str, Any] = {
        "library_name": "transformers" if is_merged else "peft",
        "pipeline_tag": "image-text-to-text",
        "license": "other",
        "license_name": "of-the-base-model-and-of-the-frames",
        "tags": ["teletriage", "teleoperation", "autonomous-driving", *(["stand-in"] if stand_in else [])],
    }
    if known is not None:
        fields |= {
            "base_model": known.model,
            "base_model_relation": "finetune" if is_merged else "adapter",
        }
    return str(yaml.safe_dump(fields, sort_keys=False, allow_unicode=True))


def _evaluated(folder: Path, revision: str) -> Evaluated | None:
    """What was kept of an evaluation of these very weights."""
    try:
        found = Evaluated.model_validate_json((folder / EVALUATED).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise ProposalError(f"{folder / EVALUATED} is not what evaluate --card wrote: remove it.") from error
    return found if found.weights == revision else None


@cache
def _template() -> jinja2.Template:
    text = resources.files("data.vlm").joinpath("model_card.md.jinja").read_text(encoding="utf-8")
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)  # noqa: S701 - Markdown, whose own escaping is `markdown_text`
    environment.filters["md"] = lambda value: markdown_text(str(value))
    return environment.from_string(text)
