"""The commented file that determines a draw: how scenes are split, what is thinned, which cues are favoured."""

from __future__ import annotations

from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from data.errors import SamplingError
from data.text.strict_yaml import YAMLError, read_yaml
from data.vocabulary import Cue

NO_CUE = "none"
Shares = tuple[float, float, float]


class SplitBy(StrEnum):
    """What is kept whole when frames are held out, and who chose."""

    OFFICIAL = "official"
    SCENE = "scene"
    LOG = "log"


class SamplingRecipe(BaseModel):
    """A draw's settings; the shipped file says what each means."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    split_by: SplitBy = SplitBy.OFFICIAL
    standing_move_m: float = Field(default=0.0, ge=0)
    standing_gap_s: float = Field(default=5.0, ge=0)
    bias: dict[Cue, float]
    tags: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    expected_levels: dict[str, Shares] = Field(default_factory=dict)

    def as_parameters(self) -> dict[str, Any]:
        """What is stored with a draw. Tags are left out where it names none, as draws of earlier releases have it."""
        return self.model_dump(mode="json", exclude=None if self.tags else {"tags"})


def read_recipe(path: Path | None = None) -> SamplingRecipe:
    """A recipe file, or (None) the shipped one. Raises SamplingError with the first thing that is wrong."""
    try:
        if path is None:
            text = resources.files("data.frames").joinpath("sampling_recipe.yaml").read_text(encoding="utf-8")
        else:
            text = path.read_text(encoding="utf-8")
        return SamplingRecipe.model_validate(read_yaml(text))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SamplingError(f"The sampling recipe {path or 'shipped'}, {where}: {first['msg']}.") from error
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise SamplingError(f"The sampling recipe {path} cannot be read: {error}.") from error


def expected_mix(cues_by_frame: list[dict[str, str]], expected: dict[str, Shares]) -> dict[str, float]:
    """Planned shares of the levels over frames: each counts with its most telling cue's shares (the one with the
    least AUTONOMY). Empty without planning values.

    >>> expected_mix([{}, {"fog": "…"}], {"none": (1.0, 0.0, 0.0), "fog": (0.5, 0.3, 0.2)})
    {'AUTONOMY': 0.75, 'SUPERVISION': 0.15, 'TELEOPERATION': 0.1}
    """
    if NO_CUE not in expected or not cues_by_frame:
        return {}
    rows = [
        min((expected[name] for name in [NO_CUE, *cues] if name in expected), key=lambda shares: shares[0])
        for cues in cues_by_frame
    ]
    totals = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
    names = ("AUTONOMY", "SUPERVISION", "TELEOPERATION")
    return {name: round(total, 4) for name, total in zip(names, totals, strict=True)}
