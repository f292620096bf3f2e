"""How people and animals are built, of round limbs: clothes, vests, caps, paddles, umbrellas, antlers."""

from __future__ import annotations

import math
from dataclasses import dataclass

from data.demo.drawing.shapes import Colour, Face, Point, ball, disc, limb, solid_face, tinted
from data.demo.drawing.vehicles import RIM, RUBBER, TAIL_LAMP

SKINS: tuple[Colour, ...] = ((224, 178, 146), (168, 118, 84), (122, 82, 58), (236, 196, 168))
HI_VIS: Colour = (206, 236, 40)
ORANGE: Colour = (250, 118, 26)
REFLECTIVE: Colour = (240, 242, 236)
NAVY: Colour = (34, 42, 70)

Size = tuple[float, float, float]


@dataclass(frozen=True)
class Outfit:
    """What a figure wears; `vest` is None for none."""

    top: Colour
    legs: Colour
    skin: Colour
    hat: Colour | None = None
    vest: Colour | None = None
    brim: bool = False


@dataclass(frozen=True)
class Pose:
    """What a figure does: its stride, and where its hands are held, all in shares of height."""

    stride: float = 0.0
    right_hand: tuple[float, float, float] = (0.03, -0.15, 0.45)
    left_hand: tuple[float, float, float] = (0.03, 0.15, 0.45)
    holds: str = ""


STANDING = Pose()
HALT = Pose(right_hand=(0.1, -0.2, 1.08))
PADDLE = Pose(right_hand=(0.16, -0.24, 0.78), left_hand=(0.12, 0.27, 0.74), holds="paddle")
UMBRELLA = Pose(right_hand=(0.1, -0.08, 0.66), holds="umbrella")


def walking(phase: float, holds: str = "") -> Pose:
    """A step; phase in turns (0 to 1)."""
    swing = math.sin(2 * math.pi * phase)
    hand = UMBRELLA.right_hand if holds == "umbrella" else (-0.12 * swing, -0.15, 0.47)
    return Pose(0.2 * swing, hand, (0.12 * swing, 0.15, 0.47), holds)


def person_faces(tall: float, box_top_m: float, outfit: Outfit, pose: Pose) -> list[Face]:
    """A figure `tall` metres high that looks along x; what it holds up reaches the top of its box."""
    faces = _legs(tall, outfit, pose) + _torso(tall, outfit) + _head(tall, outfit)
    faces += _arm(tall, outfit, pose.left_hand, 0.115) + _arm(tall, outfit, pose.right_hand, -0.115)
    if pose.holds == "paddle":
        faces += _paddle(tall, pose.right_hand, box_top_m)
    if pose.holds == "umbrella":
        faces += _umbrella(tall, pose.right_hand, box_top_m)
    return faces


def _legs(tall: float, outfit: Outfit, pose: Pose) -> list[Face]:
    faces = []
    for side, step in ((1, pose.stride * tall), (-1, -pose.stride * tall)):
        hip: Point = (0.0, side * 0.045 * tall, 0.5 * tall)
        lift = 0.03 if step < -0.1 else 0.0
        foot: Point = (step, side * 0.055 * tall, 0.045 * tall + lift)
        knee: Point = (step * 0.55 + 0.03, side * 0.052 * tall, 0.27 * tall)
        faces += [
            limb(hip, knee, (0.055 * tall, 0.042 * tall), outfit.legs),
            limb(knee, foot, (0.042 * tall, 0.03 * tall), tinted(outfit.legs, 0.92)),
            limb((foot[0] - 0.03, foot[1], foot[2] - 0.015), (foot[0] + 0.1, foot[1], 0.03 * tall + lift),
                 (0.028 * tall, 0.022 * tall), RUBBER),
        ]  # fmt: skip
    return faces


def _torso(tall: float, outfit: Outfit) -> list[Face]:
    top = outfit.vest or outfit.top
    outline = ((0.092, 0.49), (0.09, 0.6), (0.118, 0.72), (0.13, 0.78), (0.112, 0.815), (0.045, 0.842))
    right = [(0.0, y * tall, z * tall) for y, z in outline]
    left = [(0.0, -y * tall, z * tall) for y, z in reversed(outline)]
    shade = [(0.0, y * tall * share, z * tall) for share in (1.0, 0.62) for y, z in
             (outline if share == 1.0 else outline[::-1])]  # fmt: skip
    faces = [
        limb((0, 0.02 * tall, 0.51 * tall), (0, -0.02 * tall, 0.51 * tall), (0.07 * tall,) * 2, outfit.legs),
        limb((0, 0, 0.55 * tall), (0, 0, 0.77 * tall), (0.066 * tall, 0.076 * tall), tinted(top, 0.94)),
        Face((*right, *left), top).with_details(Face(tuple(shade), tinted(top, 0.86))),
    ]
    if outfit.vest:
        faces += _stripes(tall)
    return faces


def _stripes(tall: float) -> list[Face]:
    band = [
        limb(
            (0.04, -0.085 * tall, z * tall),
            (0.04, 0.085 * tall, z * tall),
            (0.014 * tall,) * 2,
            REFLECTIVE,
            0.35,
        )
        for z in (0.58, 0.67)
    ]
    braces = [
        limb(
            (0.04, y * tall, 0.69 * tall),
            (0.04, y * tall, 0.82 * tall),
            (0.012 * tall,) * 2,
            REFLECTIVE,
            0.35,
        )
        for y in (-0.055, 0.055)
    ]
    return band + braces


def _head(tall: float, outfit: Outfit) -> list[Face]:
    hair: Colour = (46, 34, 28)
    radius = 0.062 * tall
    faces = [
        limb((0, 0, 0.83 * tall), (0, 0, 0.88 * tall), (0.034 * tall,) * 2, tinted(outfit.skin, 0.85)),
        ball((-0.02, 0, 0.935 * tall), radius, hair),
        ball((0.02, 0, 0.915 * tall), radius * 0.95, outfit.skin),
    ]
    if outfit.hat is None:
        crown = limb((0.0, -0.03, 0.972 * tall), (0.0, 0.03, 0.972 * tall), (radius * 0.45,) * 2, hair)
        return [*faces, crown]
    return [faces[0], *(face.with_details(*_hat(tall, outfit.hat, outfit.brim)) for face in faces[1:])]


def _hat(tall: float, colour: Colour, brim: bool) -> list[Face]:
    """A cap, or a helmet with a wide brim; painted last over hair and face alike."""
    half = (0.06 if brim else 0.045) * tall
    return [
        limb((0, -0.022 * tall, 0.96 * tall), (0, 0.022 * tall, 0.96 * tall), (0.04 * tall,) * 2, colour),
        limb((0.05, -half, 0.94 * tall), (0.05, half, 0.94 * tall), (0.012 * tall,) * 2, tinted(colour, 0.7)),
    ]


def _arm(tall: float, outfit: Outfit, hand: tuple[float, float, float], shoulder: float) -> list[Face]:
    start: Point = (0.0, shoulder * tall, 0.795 * tall)
    x, y, z = (share * tall for share in hand)
    bend: Point = (
        x * 0.4 - 0.02,
        (start[1] + y) / 2 + math.copysign(0.03 * tall, y),
        (start[2] + z) / 2 - 0.02,
    )
    return [
        limb(start, bend, (0.036 * tall, 0.03 * tall), outfit.top),
        limb(bend, (x, y, z), (0.03 * tall, 0.024 * tall), tinted(outfit.top, 0.93)),
        _raised_glove(x, y, z, tall)
        if outfit.vest and hand[2] > 1
        else ball((x, y, z + 0.02), 0.03 * tall, outfit.skin),
    ]


def _raised_glove(x: float, y: float, z: float, tall: float) -> Face:
    """A white glove that shows at night."""
    return ball((x, y, z + 0.02), 0.036 * tall, REFLECTIVE, 0.5)


def _paddle(tall: float, hand: tuple[float, float, float], box_top_m: float) -> list[Face]:
    """A red octagon on a stick above the right hand, STOP told by its white bar and border."""
    x, y, z = (share * tall for share in hand)
    top = box_top_m - 0.27
    facing: Point = (1.0, 0.0, 0.0)
    white = disc((x + 0.02, y, top), 0.27, facing, REFLECTIVE, 8)
    red = disc((x + 0.02, y, top), 0.235, facing, TAIL_LAMP, 8)
    letters = [
        Face(tuple((x + 0.02, y + dy, top + dz) for dy, dz in corners), REFLECTIVE, facing)
        for corners in _stop_letters()
    ]
    return [
        limb((x - 0.02, y, z - 0.1), (x - 0.02, y, top - 0.24), (0.018, 0.018), RIM),
        white.with_details(red, *letters),
    ]


def _stop_letters() -> list[list[tuple[float, float]]]:
    """The strokes of S, T, O, P as small rectangles (across, up), metres, read from ahead."""
    strokes = {
        "S": [(0, 4, 3, 5), (0, 2, 1, 4), (0, 2, 3, 3), (2, 1, 3, 3), (0, 0, 3, 1)],
        "T": [(0, 4, 3, 5), (1, 0, 2, 5)],
        "O": [(0, 0, 1, 5), (2, 0, 3, 5), (0, 4, 3, 5), (0, 0, 3, 1)],
        "P": [(0, 0, 1, 5), (0, 4, 3, 5), (2, 2, 3, 5), (0, 2, 3, 3)],
    }
    unit, boxes = 0.0255, []
    for place, letter in enumerate("STOP"):
        for a, b, c, d in strokes[letter]:
            left, right = (-7.5 + place * 4 + a) * unit, (-7.5 + place * 4 + c) * unit
            low, high = (b - 2.5) * unit * 1.15, (d - 2.5) * unit * 1.15
            boxes.append([(left, low), (right, low), (right, high), (left, high)])
    return boxes


def _umbrella(tall: float, hand: tuple[float, float, float], top: float) -> list[Face]:
    x, y, z = (share * tall for share in hand)
    colour: Colour = (176, 40, 60)
    rim, apex = top - 0.28, (x, y, top)
    faces = [limb((x, y, z), apex, (0.012, 0.012), RIM)]
    turns = [2 * math.pi * k / 8 for k in range(9)]
    ring = [(x + 0.55 * math.cos(t), y + 0.55 * math.sin(t), rim) for t in turns]
    for k in range(8):
        faces.append(
            solid_face([ring[k], ring[k + 1], apex], (x, y, rim - 0.1), tinted(colour, 1.1 if k % 2 else 0.9))
        )
    return faces


def cyclist_faces(size: Size, outfit: Outfit, paint: Colour, lamps: float) -> list[Face]:
    """A scooter with its rider, seen as one."""
    length, tall = size[1], size[2]
    faces = [
        limb((x * length, 0, 0.27), (x * length + 0.01, 0, 0.27), (0.27, 0.27), RUBBER) for x in (-0.35, 0.35)
    ]
    faces += [
        limb((-0.36 * length, 0, 0.62), (0.0, 0, 0.42), (0.17, 0.12), paint),
        limb((0.0, 0, 0.36), (0.3 * length, 0, 0.55), (0.09, 0.13), paint),
        limb((0.3 * length, 0, 0.5), (0.25 * length, 0, 1.0), (0.07, 0.06), TRIM_BAR),
        limb((0.25 * length, -0.32, 1.02), (0.25 * length, 0.32, 1.02), (0.03, 0.03), TRIM_BAR),
        ball((-0.47 * length, 0, 0.66), 0.07, TAIL_LAMP, lamps),
        ball((0.36 * length, 0, 0.85), 0.09, (250, 246, 226), lamps),
    ]
    for side in (-1, 1):
        faces += [
            limb((-0.15 * length, side * 0.12, 0.78), (0.1, side * 0.17, 0.6), (0.1, 0.08), outfit.legs),
            limb((0.1, side * 0.17, 0.6), (0.0, side * 0.18, 0.3), (0.07, 0.05), outfit.legs),
            limb(
                (-0.1 * length, side * 0.2, tall * 0.8),
                (0.24 * length, side * 0.3, 1.05),
                (0.06, 0.045),
                outfit.top,
            ),
        ]
    faces += [
        limb((-0.18 * length, 0, 0.85), (-0.1 * length, 0, tall * 0.8), (0.19, 0.2), outfit.top),
        ball((-0.06 * length, 0, tall - 0.15), 0.15, outfit.hat or RUBBER),
    ]
    return faces


TRIM_BAR: Colour = (58, 60, 64)


def deer_faces(size: Size, colour: Colour, phase: float) -> list[Face]:
    """A stag that looks along x, its head turned to the viewer."""
    _, length, height = size
    back, swing = 0.58 * height, 0.12 * math.sin(2 * math.pi * phase)
    pale, dark = tinted(colour, 1.35), tinted(colour, 0.6)
    faces = []
    for x, side, step in ((-0.28, 1, swing), (-0.38, -1, -swing), (0.2, 1, -swing), (0.1, -1, swing)):
        hip: Point = (x * length, side * 0.13, back * 0.86)
        knee: Point = (x * length + step * 0.4 - 0.04, side * 0.12, back * 0.45)
        foot: Point = (x * length + step, side * 0.12, 0.05)
        shade = dark if side < 0 else colour
        faces += [limb(hip, knee, (0.13, 0.06), shade), limb(knee, foot, (0.055, 0.04), tinted(shade, 0.85))]
    faces += [
        limb((-0.3 * length, 0, back * 0.97), (0.18 * length, 0, back), (0.25, 0.27), colour),
        limb((-0.26 * length, 0, back * 0.78), (0.14 * length, 0, back * 0.76), (0.15, 0.17), pale),
        ball((-0.44 * length, 0, back * 1.06), 0.09, pale),
        limb((0.22 * length, 0, back * 1.03), (0.38 * length, 0.03, height * 0.8), (0.19, 0.11), colour),
        limb(
            (0.37 * length, 0.03, height * 0.83), (0.47 * length, 0.1, height * 0.77), (0.105, 0.055), colour
        ),
        ball((0.47 * length, 0.1, height * 0.765), 0.05, (30, 24, 22)),
        ball((0.4 * length, 0.11, height * 0.85), 0.024, (20, 16, 14)),
        limb((0.34 * length, 0.12, height * 0.87), (0.31 * length, 0.24, height * 0.9), (0.045, 0.02), dark),
    ]
    return faces + _antlers(length, height)


def _antlers(length: float, height: float) -> list[Face]:
    bone: Colour = (214, 196, 160)
    faces = []
    for side in (-1, 1):
        base: Point = (0.35 * length, side * 0.05 + 0.03, height * 0.88)
        bend: Point = (0.3 * length, side * 0.24 + 0.03, height * 0.95)
        tip: Point = (0.37 * length, side * 0.3 + 0.03, height - 0.02)
        tine: Point = (0.42 * length, side * 0.14 + 0.03, height * 0.97)
        faces += [limb(base, bend, (0.026, 0.022), bone), limb(bend, tip, (0.022, 0.014), bone)]
        faces.append(limb(bend, tine, (0.018, 0.012), bone))
    return faces
