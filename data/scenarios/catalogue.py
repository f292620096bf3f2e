"""The catalogue of scenarios, typed, and the rule that says whether a frame shows one. `catalogue.yaml` explains it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from data.errors import ScenarioError
from data.text.strict_yaml import YAMLError, read_yaml
from data.vocabulary import Cue

CATALOGUE = Path(__file__).with_name("catalogue.yaml")
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,40}$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
PIXEL_STATISTICS = ("median_luma", "edge_energy", "black_level", "sun_share")


class Change(StrEnum):
    """What has to change in a real frame so that it shows a scenario."""

    LIGHT = "light"
    WEATHER = "weather"
    OBJECTS = "objects"
    LENS = "lens"

    @property
    def keeps_geometry(self) -> bool:
        """Whether everything stays where it is, so that Cosmos-Transfer2.5's controls can hold it there."""
        return self in (Change.LIGHT, Change.WEATHER)


@dataclass(frozen=True)
class Shown:
    """What is known of a frame when scenarios are looked for in it."""

    cues: frozenset[str] = frozenset()
    boxes: Mapping[str, int] = field(default_factory=dict)
    description: str = ""
    pixels: Mapping[str, float] | None = None


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Sight(_Entry):
    """Conditions that a frame must meet, all of those given."""

    cues: tuple[Cue, ...] = ()
    boxes: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    pixels_below: dict[str, float] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not (self.cues or self.boxes or self.words or self.pixels_below):
            raise ValueError("an alternative without conditions would match every frame")
        if unknown := set(self.pixels_below) - set(PIXEL_STATISTICS):
            raise ValueError(f"{sorted(unknown)[0]!r} is not measured on images")
        return self

    def is_met(self, shown: Shown) -> bool:
        """Whether a frame meets every condition; what was not measured meets none."""
        pixels = shown.pixels or {}
        return (
            shown.cues.issuperset(self.cues)
            and (not self.boxes or any(_is_kind(box, self.boxes) for box in shown.boxes))
            and (not self.words or _says(shown.description, self.words))
            and all(name in pixels and pixels[name] < limit for name, limit in self.pixels_below.items())
        )


class Scenario(_Entry):
    """One entry of the catalogue."""

    key: Key
    title: Text
    why: Text
    found_by: tuple[Sight, ...] = Field(min_length=1)
    change: Change
    prompt: Text
    source: Sight | None = Field(default=None, alias="from")
    without: tuple[Cue, ...] = ()

    def is_shown(self, shown: Shown) -> bool:
        """Whether the frame shows this scenario."""
        return any(sight.is_met(shown) for sight in self.found_by)

    def can_start_from(self, shown: Shown) -> bool:
        """Whether the frame can be changed into this scenario, which it does not show yet."""
        fits = self.source is None or self.source.is_met(shown)
        return fits and shown.cues.isdisjoint(self.without) and not self.is_shown(shown)


class Catalogue(_Entry):
    """All scenarios, in the order in which they are shown."""

    scenarios: tuple[Scenario, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _keys_are_distinct(self) -> Self:
        keys = [scenario.key for scenario in self.scenarios]
        if doubled := {key for key in keys if keys.count(key) > 1}:
            raise ValueError(f"the key {sorted(doubled)[0]!r} stands there twice")
        return self

    def chosen(self, keys: list[str]) -> list[Scenario]:
        """The scenarios of these keys, in the catalogue's order. Raises ScenarioError for one that it lacks."""
        known = {scenario.key: scenario for scenario in self.scenarios}
        if missing := [key for key in keys if key not in known]:
            raise ScenarioError(f"There is no scenario {missing[0]!r}; the catalogue has {', '.join(known)}.")
        return [scenario for scenario in self.scenarios if scenario.key in keys]


def read_catalogue(path: Path | None = None) -> Catalogue:
    """The catalogue of a file, the project's own by default. Raises ScenarioError: unreadable, not a catalogue."""
    path = path or CATALOGUE
    try:
        return Catalogue.model_validate(read_yaml(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        reason = " ".join(str(error).split())
        raise ScenarioError(f"The catalogue {path} cannot be read: {reason}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "top"
        reason = first["msg"].removeprefix("Value error, ")
        raise ScenarioError(f"The catalogue {path} does not hold at {place}: {reason}.") from error


def _is_kind(category: str, kinds: tuple[str, ...]) -> bool:
    """Whether a category is one of the kinds or below one: vehicle.bus holds vehicle.bus.rigid."""
    return any(category == kind or category.startswith(f"{kind}.") for kind in kinds)


def _says(description: str, words: tuple[str, ...]) -> bool:
    found = "|".join(re.escape(word) for word in words)
    return re.search(rf"\b(?:{found})s?\b", description, re.IGNORECASE) is not None
