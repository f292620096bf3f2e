"""The questions of a probe: each is an arm, asked about every frame beside the run that it probes. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from data.errors import ProbeRefused

STRENGTHS = (1, 2, 3)


class ArmKind(StrEnum):
    """What is done to a question. AGAIN changes nothing: it says how much answers differ by themselves."""

    AGAIN = "again"
    NO_PICTURE = "no-picture"
    OTHER_SCENE = "other-scene"
    LEVELS_REVERSED = "levels-reversed"
    MIRRORED = "mirrored"
    FOG = "fog"
    RAIN = "rain"
    SNOW = "snow"
    DARKNESS = "darkness"
    GLARE = "glare"
    LENS_DIRT = "lens-dirt"
    MOTION_BLUR = "motion-blur"
    DEFOCUS = "defocus"
    COLOUR_SHIFT = "colour-shift"
    NOISE = "noise"
    JPEG = "jpeg"
    LOW_RESOLUTION = "low-resolution"
    CROP = "crop"
    FRAME_LOST = "frame-lost"
    FROZEN = "frozen"
    OCCLUDED = "occluded"


WHOLE = (
    ArmKind.AGAIN,
    ArmKind.NO_PICTURE,
    ArmKind.OTHER_SCENE,
    ArmKind.LEVELS_REVERSED,
    ArmKind.MIRRORED,
)
"""Arms without a strength."""
SPOILT = tuple(kind for kind in ArmKind if kind not in (*WHOLE, ArmKind.OCCLUDED))
"""What can befall a picture, each at three strengths."""


@dataclass(frozen=True)
class Arm:
    """`strength`: 1 to 3 of what spoils a picture, None for the others."""

    kind: ArmKind
    strength: int | None = None

    @property
    def name(self) -> str:
        """As it is typed and stored.

        >>> Arm(ArmKind.LENS_DIRT, 2).name, Arm(ArmKind.AGAIN).name
        ('lens-dirt-2', 'again')
        """
        return self.kind.value if self.strength is None else f"{self.kind.value}-{self.strength}"


OCCLUSION = Arm(ArmKind.OCCLUDED)
"""The boxes of some frames, greyed out one by one."""
ARMS = (*(Arm(kind) for kind in WHOLE), *(Arm(kind, one) for kind in SPOILT for one in STRENGTHS))
"""All but the occlusion."""
_BY_NAME = {arm.name: (arm,) for arm in ARMS} | {
    kind.value: tuple(Arm(kind, one) for one in STRENGTHS) for kind in SPOILT
}


def arms_named(names: Sequence[str]) -> list[Arm]:
    """The arms of these names, in their own order; a name without a strength means all three. None given, all meant.

    Raises ProbeRefused for a name that no arm has.

    >>> [arm.name for arm in arms_named(["fog", "again"])]
    ['again', 'fog-1', 'fog-2', 'fog-3']
    """
    unknown = next((name for name in names if name not in _BY_NAME), None)
    if unknown is not None:
        known = ", ".join(kind.value for kind in (*WHOLE, *SPOILT))
        raise ProbeRefused(
            f"There is no arm {unknown!r}. There are {known}; those from fog on also with a strength, as fog-3."
        )
    wanted = {arm for name in names for arm in _BY_NAME[name]}
    return [arm for arm in ARMS if arm in wanted or not names]


def arm_of(name: str) -> Arm:
    """The arm that is stored under a name."""
    return OCCLUSION if name == OCCLUSION.name else _BY_NAME[name][0]
