"""The street as a plan: lanes, kerbs, markings, crossings. `across` runs from the ego lane to the near kerb."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LANE_M = 3.5


@dataclass(frozen=True)
class Line:
    """A painted line along the street at `across_m`; `dash_m` of every `period_m` is painted."""

    across_m: float
    colour: tuple[float, float, float] = (232, 232, 226)
    dash_m: float = 3.0
    period_m: float = 9.0
    width_m: float = 0.15


@dataclass(frozen=True)
class Junction:
    """A crossing street between two places along the scene, with zebra and stop line before it."""

    start_m: float
    end_m: float


@dataclass(frozen=True)
class Street:
    """One street. `kerb_sign` is +1 where the near kerb is on the left (left-hand traffic), else -1."""

    kerb_sign: Literal[1, -1]
    near_kerb_m: float = 4.4
    far_kerb_m: float = 5.4
    sidewalk_m: float = 3.4
    ground: Literal["paving", "grass"] = "paving"
    junction: Junction | None = None

    def lines(self) -> tuple[Line, ...]:
        """All painted lines along the street."""
        half = LANE_M / 2
        yellow = (226, 178, 58)
        middle = [Line(-half + 0.12, yellow, 1.0, 1.0), Line(-half - 0.14, yellow, 1.0, 1.0)]
        lines = [*middle, Line(0.25 - self.far_kerb_m, dash_m=1.0, period_m=1.0, width_m=0.12)]
        if self.far_kerb_m > 3 * half + 1.5:
            lines.append(Line(-3 * half))
        if self.near_kerb_m > half + 0.9:
            lines.append(
                Line(
                    half,
                    dash_m=3.0 if self.near_kerb_m > 5 else 1.0,
                    period_m=9.0 if self.near_kerb_m > 5 else 2.0,
                )
            )
        lines.append(Line(self.near_kerb_m - 0.25, dash_m=1.0, period_m=1.0, width_m=0.12))
        return tuple(lines)

    def left(self, across_m: float) -> float:
        """`across` as metres to the left."""
        return across_m * self.kerb_sign
