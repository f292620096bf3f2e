"""What arms are called in a report, and spoilt pictures in rows of strengths."""

from __future__ import annotations

from collections.abc import Sequence

from data.probes.arms import SPOILT, STRENGTHS, WHOLE, Arm, ArmKind
from eval.probes.looking import OWN
from eval.probes.result import ArmResult

_WHOLE = {
    ArmKind.AGAIN: "Its own, asked again",
    ArmKind.NO_PICTURE: "None: grey",
    ArmKind.OTHER_SCENE: "Of another scene",
    ArmKind.LEVELS_REVERSED: "Its own, levels named from the highest",
    ArmKind.MIRRORED: "Mirrored",
}
_STRENGTHS = dict(zip(STRENGTHS, ("weak", "medium", "strong"), strict=True))


def arm_titles() -> dict[str, str]:
    """By an arm's name, by that of a kind of spoilt pictures, and of the frame's own picture.

    >>> arm_titles()["lens-dirt-3"], arm_titles()["jpeg"]
    ('Lens dirt, strong', 'JPEG')
    """
    spoilt = {kind.value: _spoilt(kind) for kind in SPOILT}
    by_strength = {
        Arm(kind, one).name: f"{_spoilt(kind)}, {_STRENGTHS[one]}" for kind in SPOILT for one in STRENGTHS
    }
    return {OWN: "Its own", **{kind.value: _WHOLE[kind] for kind in WHOLE}, **spoilt, **by_strength}


def _spoilt(kind: ArmKind) -> str:
    return "JPEG" if kind is ArmKind.JPEG else kind.value.replace("-", " ").capitalize()


def spoilt_rows(arms: Sequence[ArmResult]) -> list[tuple[str, list[tuple[int, ArmResult | None]]]]:
    """A row for each kind of spoilt pictures that was asked about: for each strength its number among the arms and its
    result, or None where that strength was not asked."""
    by_name: dict[str, tuple[int, ArmResult | None]] = {
        arm.arm: (number, arm) for number, arm in enumerate(arms)
    }
    nothing: tuple[int, ArmResult | None] = (0, None)
    rows = [
        (kind.value, [by_name.get(Arm(kind, strength).name, nothing) for strength in STRENGTHS])
        for kind in SPOILT
    ]
    return [(kind, row) for kind, row in rows if any(arm is not None for _, arm in row)]
