"""How everything else is built: cones, barriers, fallen trees, buildings, trees, lamps, signals, signs."""

from __future__ import annotations

import math
import random

from data.demo.drawing.people_and_animals import ORANGE, REFLECTIVE
from data.demo.drawing.shapes import Colour, Face, ball, box, disc, frustum, limb, tinted
from data.demo.drawing.vehicles import AMBER, GLASS, RIM, TRIM

Size = tuple[float, float, float]
BARK: Colour = (86, 66, 50)


def cone_faces(size: Size) -> list[Face]:
    """A traffic cone with two pale collars."""
    half, tall = size[0] / 2, size[2]
    base = box((-half, half), (-half, half), (0, 0.06 * tall), (44, 40, 40))
    faces = list(base.values())
    bands = ((0.06, 0.36, ORANGE), (0.36, 0.52, REFLECTIVE), (0.52, 0.68, ORANGE),
             (0.68, 0.8, REFLECTIVE), (0.8, 1.0, ORANGE))  # fmt: skip
    for low, high, colour in bands:
        wide, narrow = half * 0.8 * (1.06 - low), half * 0.8 * (1.06 - high)
        glow = 0.25 if colour == REFLECTIVE else 0.05
        faces.append(Face(
            ((-0.01, -wide, low * tall), (-0.01, wide, low * tall), (-0.01, narrow, high * tall),
             (-0.01, -narrow, high * tall)), colour, glow=glow,
        ))  # fmt: skip
    return faces


def barrier_faces(size: Size, colour: Colour) -> list[Face]:
    """A plastic road barrier across y, striped on its wide sides."""
    thick, long, tall = size[1] / 2, size[0] / 2, size[2]
    foot = frustum(
        (-thick, thick, -long, long), (-thick * 0.5, thick * 0.5, -long, long), (0, 0.35 * tall), colour
    )
    wall = frustum(
        (-thick * 0.5, thick * 0.5, -long, long),
        (-thick * 0.4, thick * 0.4, -long, long),
        (0.35 * tall, tall),
        colour,
    )
    for name in ("rear", "front"):
        panel = wall[name]
        chevrons = []
        for k in range(6):
            a, b = k / 6, k / 6 + 1 / 12
            points = (
                panel.at(a, 0.15),
                panel.at(b, 0.15),
                panel.at(min(1, b + 0.08), 0.8),
                panel.at(min(1, a + 0.08), 0.8),
            )
            chevrons.append(Face(points, REFLECTIVE, panel.normal, 0.15))
        wall[name] = panel.with_details(*chevrons)
    lamp = box((-0.06, 0.06), (-0.07, 0.07), (tall * 0.9, tall), AMBER)
    lit = [Face(f.points, f.colour, f.normal, 0.9) for f in lamp.values()]
    return [*foot.values(), *wall.values(), *lit]


def fallen_tree_faces(size: Size) -> list[Face]:
    """A trunk lying along x with torn roots, branches and leaves."""
    dice = random.Random(11)
    width, length, height = size
    half = length / 2
    faces = [limb((-half + 0.5, 0, 0.34), (half * 0.5, 0, 0.45), (0.34, 0.24), BARK)]
    faces.append(limb((-half + 0.45, 0, 0.34), (-half + 0.5, 0, 0.34), (0.33, 0.33), (150, 116, 80)))
    for _ in range(9):
        x = dice.uniform(-half * 0.5, half * 0.7)
        tip = (
            min(half, x + dice.uniform(0.3, 1.2)),
            dice.uniform(-width / 2, width / 2),
            dice.uniform(0.5, height),
        )
        faces.append(limb((x, 0, 0.42), tip, (0.09, 0.03), tinted(BARK, dice.uniform(0.8, 1.2))))
    for k in range(150):
        x = dice.uniform(-half * 0.15, half - 0.25) if k > 25 else dice.uniform(-half * 0.6, half - 0.3)
        rise = (height - 0.45) * (1 - abs(x - half * 0.5) / half * 0.8)
        y, z = dice.uniform(-width / 2 + 0.2, width / 2 - 0.2), dice.uniform(0.2, max(0.3, rise))
        green = (
            46 + 26 * z + dice.uniform(-14, 14),
            84 + 34 * z + dice.uniform(-16, 16),
            36.0 + dice.uniform(0, 18),
        )
        faces.append(ball((x, y, z), dice.uniform(0.1, 0.2), green, plain=True))
    return faces


def building_faces(size: Size, seed: int, lit_share: float) -> list[Face]:
    """A house front along x with floors of windows; `lit_share` of them shine."""
    dice = random.Random(seed)
    width, length, height = size
    palettes = ((164, 104, 84), (196, 178, 150), (142, 146, 152), (206, 198, 184), (120, 96, 84), (176, 158, 136),
                (150, 164, 170), (214, 190, 152))  # fmt: skip
    colour = palettes[dice.randrange(len(palettes))]
    body = box((-length / 2, length / 2), (-width / 2, width / 2), (0, height), colour)
    for name in ("left", "right", "rear"):
        span = length if name != "rear" else width
        details = _windows(body[name], span, height, dice, lit_share) + _shopfront(
            body[name], span, height, dice, lit_share
        )
        body[name] = body[name].with_details(*details)
    cornice = box(
        (-length / 2, length / 2),
        (-width / 2 - 0.25, width / 2 + 0.25),
        (height - 0.01, height + 0.5),
        tinted(colour, 0.8),
    )
    return [*body.values(), *cornice.values()]


def _windows(face: Face, span: float, height: float, dice: random.Random, lit_share: float) -> list[Face]:
    columns, floors = max(1, int(span / 2.9)), max(1, int((height - 4.3) / 3.3))
    wide, sill = dice.uniform(0.42, 0.72), tinted(face.colour, 1.18)
    details: list[Face] = []
    for floor in range(floors):
        low = (4.6 + floor * 3.3) / height
        high = low + 1.9 / height
        details.append(
            face.patch((0, 1), (low - 0.5 / height, low - 0.32 / height), tinted(face.colour, 0.86))
        )
        for column in range(columns):
            a = (column + 0.5 - wide / 2) / columns
            b = (column + 0.5 + wide / 2) / columns
            lit = dice.random() < lit_share
            pane: Colour = (250, 206, 128) if lit else tinted((78, 98, 118), dice.uniform(0.75, 1.25))
            details.append(face.patch((a, b), (low - 0.12 / height, low), sill))
            details.append(face.patch((a, b), (low, high), pane, dice.uniform(0.45, 0.8) if lit else 0.0))
            if not lit:
                details.append(face.patch((a, (a + b) / 2), ((low + high) / 2, high), tinted(pane, 1.25)))
    return details


def _shopfront(face: Face, span: float, height: float, dice: random.Random, lit_share: float) -> list[Face]:
    bays = max(1, int(span / 5.5))
    details = [face.patch((0, 1), (0, 4.0 / height), tinted(face.colour, 0.7))]
    for bay in range(bays):
        a, b = (bay + 0.08) / bays, (bay + 0.92) / bays
        awning: Colour = dice.choice(
            ((156, 44, 44), (40, 96, 72), (48, 70, 120), (200, 150, 60), (90, 90, 96))
        )
        lit = dice.random() < lit_share * 1.6
        pane: Colour = (255, 222, 160) if lit else GLASS
        details.append(face.patch((a, b), (0.5 / height, 2.7 / height), pane, 0.7 if lit else 0.0))
        details.append(face.patch((a, b), (0.5 / height, 0.62 / height), RIM))
        details.append(face.patch(((a + b) / 2, (a + b) / 2 + 0.01), (0.1 / height, 2.7 / height), TRIM))
        details.append(face.patch((a, b), (2.75 / height, 3.6 / height), awning, 0.25 if lit else 0.0))
    return details


def tree_faces(size: Size, seed: int) -> list[Face]:
    """A street tree: trunk, boughs and a crown shaded from below to above."""
    dice = random.Random(seed)
    radius, height = size[0] / 2, size[2]
    crown = height * 0.66
    faces = [limb((0, 0, 0), (0, 0, crown * 0.8), (0.17, 0.1), BARK)]
    for _ in range(4):
        tip = (
            dice.uniform(-1, 1) * radius * 0.6,
            dice.uniform(-1, 1) * radius * 0.6,
            crown * dice.uniform(0.8, 1.1),
        )
        faces.append(limb((0, 0, crown * 0.55), tip, (0.08, 0.04), BARK))
    hue = dice.uniform(-14, 14)
    leaves = []
    for _ in range(190):
        turn, out = dice.uniform(0, 2 * math.pi), math.sqrt(dice.random())
        lift = dice.uniform(-1, 1)
        reach = radius * out * math.sqrt(max(0.05, 1 - lift * lift)) * 0.95
        z = crown + lift * (height - crown) * 0.85
        leaves.append((z, reach * math.cos(turn), reach * math.sin(turn)))
    for z, x, y in sorted(leaves):
        light = (z - crown) / (height - crown)
        grain = dice.uniform(-15, 15)
        colour = (70 + hue + 38 * light + grain, 108 + 42 * light + grain, 48 + 18 * light + grain / 2)
        faces.append(ball((x, y, z), radius * dice.uniform(0.09, 0.2), colour, plain=True))
    return faces


def lamp_faces(size: Size, reach_m: float, lamps: float) -> list[Face]:
    """A street lamp whose arm reaches `reach_m` along y."""
    height = size[2]
    pole: Colour = (92, 96, 100)
    return [
        limb((0, 0, 0), (0, 0, height), (0.1, 0.06), pole),
        limb((0, 0, height), (0, reach_m, height + 0.35), (0.05, 0.05), pole),
        limb(
            (0, reach_m, height + 0.33),
            (0, reach_m * 1.25, height + 0.38),
            (0.12, 0.1),
            (255, 226, 170) if lamps else pole,
            lamps,
        ),
    ]


def signal_faces(size: Size, reach_m: float, shows: str) -> list[Face]:
    """Traffic signals on a mast: one at the post, one above the road; `shows` red, amber or green."""
    height = size[2]
    pole: Colour = (70, 74, 78)
    faces = [
        limb((0.1, 0, 0), (0.1, 0, height), (0.11, 0.09), pole),
        limb((0.1, 0, height), (0.1, reach_m, height + 0.3), (0.08, 0.06), pole),
    ]
    for y, z in ((0.0, 2.9), (reach_m * 0.62, height - 0.5), (reach_m, height - 0.4)):
        faces += _signal_head(y, z, shows)
    return faces


def _signal_head(y: float, z: float, shows: str) -> list[Face]:
    housing = box((-0.12, 0.12), (y - 0.22, y + 0.22), (z - 0.6, z + 0.6), (28, 30, 30))
    plate = box((0.1, 0.12), (y - 0.36, y + 0.36), (z - 0.75, z + 0.75), (18, 20, 20))
    lights = []
    colours: dict[str, Colour] = {"red": (255, 46, 36), "amber": (255, 176, 30), "green": (40, 240, 130)}
    for place, (name, colour) in enumerate(colours.items()):
        on = name == shows
        shown = colour if on else tinted(colour, 0.22)
        lights.append(disc((-0.125, y, z + 0.38 - place * 0.38), 0.15, (-1, 0, 0), shown, 14))
        if on:
            lights[-1] = Face(lights[-1].points, shown, (-1, 0, 0), 1.0)
    return [*plate.values(), housing["rear"].with_details(*lights), housing["left"], housing["right"]]


def sign_faces(size: Size, kind: str) -> list[Face]:
    """A roadside sign: `works` is an orange diamond with a digger's figure, else a blue plate."""
    height = size[2]
    post = limb((0.05, 0, 0), (0.05, 0, height), (0.05, 0.05), RIM)
    facing = (-1.0, 0.0, 0.0)
    if kind != "works":
        plate = box((-0.03, 0.0), (-0.4, 0.4), (height - 0.9, height), (36, 84, 150))["rear"]
        return [
            post,
            plate.with_details(
                plate.patch((0.2, 0.8), (0.25, 0.35), REFLECTIVE),
                plate.patch((0.2, 0.8), (0.6, 0.7), REFLECTIVE),
            ),
        ]
    z, r = height - 0.62, 0.62
    dark: Colour = (24, 22, 20)
    diamond = disc((0, 0, z), r, facing, dark, 4)
    inner = disc((0, 0, z), r * 0.92, facing, ORANGE, 4)
    figure = [((0, -0.05, z + 0.16), 0.07), ((0, -0.02, z + 0.02), 0.09), ((0, 0.02, z - 0.12), 0.08)]
    man = [disc(centre, radius, facing, dark, 10) for centre, radius in figure]
    heap = Face(((0, -0.1, z - 0.26), (0, -0.4, z - 0.26), (0, -0.25, z - 0.1)), dark, facing)
    return [post, diamond.with_details(inner, *man, heap)]


def skyline_faces(size: Size, seed: int) -> list[Face]:
    """Distant blocks that close the street."""
    dice = random.Random(seed)
    faces: list[Face] = []
    y = -size[0] / 2
    while y < size[0] / 2:
        wide, tall = dice.uniform(8, 22), dice.uniform(0.25, 1.0) * size[2]
        shade = dice.uniform(120, 160)
        faces.append(box((0, 5), (y, y + wide), (0, tall), (shade, shade * 1.02, shade * 1.05))["rear"])
        y += wide * dice.uniform(0.8, 1.3)
    return faces
