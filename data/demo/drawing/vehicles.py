"""How vehicles are built: bodies, windows, wheels and lamps, each filling its box exactly."""

from __future__ import annotations

from dataclasses import dataclass

from data.demo.drawing.shapes import Colour, Face, box, disc, frustum, solid_face, tinted

GLASS: Colour = (44, 58, 72)
SHINE: Colour = (96, 116, 134)
RUBBER: Colour = (26, 26, 28)
RIM: Colour = (150, 153, 158)
TAIL_LAMP: Colour = (214, 28, 26)
HEAD_LAMP: Colour = (250, 246, 226)
AMBER: Colour = (255, 160, 30)
PLATE: Colour = (236, 236, 226)
TRIM: Colour = (40, 42, 46)

Size = tuple[float, float, float]


@dataclass(frozen=True)
class CarShape:
    """Where a car's cabin sits, as shares of length from the middle and of height."""

    belt: float = 0.62
    hood: float = 0.52
    cabin: tuple[float, float, float, float] = (-0.43, -0.29, 0.05, 0.21)
    rear_deck: float = 0.60


SEDAN = CarShape()
HATCH = CarShape(belt=0.6, cabin=(-0.49, -0.41, 0.06, 0.24), rear_deck=0.6)
VAN = CarShape(belt=0.52, hood=0.48, cabin=(-0.498, -0.475, 0.2, 0.38), rear_deck=0.52)


def car_faces(size: Size, colour: Colour, shape: CarShape, lamps: float) -> list[Face]:
    """A car of width, length, height; `lamps` from 0 (off) to 1 (shining)."""
    faces = wheels(size, (-0.3, 0.31), min(0.34, 0.22 * size[2]))
    faces += _lower_body(size, colour, shape, lamps)
    faces += _cabin(size, colour, shape)
    return faces


def _lower_body(size: Size, colour: Colour, shape: CarShape, lamps: float) -> list[Face]:
    width, length, height = size
    w, z0, belt = width / 2, 0.13 * height, shape.belt * height
    deck, hood = shape.rear_deck * height, shape.hood * height
    back = box((-length / 2, 0.2 * length), (-w, w), (z0, deck), colour)
    rear = _tail(back["rear"], colour, lamps)
    profile = [(-0.5, z0), (0.49, z0), (0.5, 0.36 * height), (0.45, hood), (0.19, belt), (-0.5, deck)]
    sides = []
    for y in (w, -w):
        points = [(x * length, y, z) for x, z in profile]
        sides.append(_side_panel(solid_face(points, (0.0, 0.0, 0.4), colour), size, y, belt))
    nose = solid_face(
        [(0.495 * length, y, z) for y, z in ((-w, z0), (w, z0), (w, 0.4 * height), (-w, 0.4 * height))],
        (0.0, 0.0, 0.4), colour,
    )  # fmt: skip
    slope = solid_face(
        [(0.495 * length, -w, 0.4 * height), (0.495 * length, w, 0.4 * height),
         (0.45 * length, w, hood), (0.45 * length, -w, hood)], (0.0, 0.0, 0.3), tinted(colour, 1.05),
    )  # fmt: skip
    bonnet = solid_face(
        [(0.45 * length, -w, hood), (0.45 * length, w, hood), (0.19 * length, w, belt),
         (0.19 * length, -w, belt)], (0.0, 0.0, 0.0), tinted(colour, 1.1),
    )  # fmt: skip
    return [back["top"], rear, bonnet, *sides, slope, _nose(nose, lamps)]


def _tail(face: Face, colour: Colour, lamps: float) -> Face:
    return face.with_details(
        face.patch((0, 1), (0.0, 0.32), tinted(colour, 0.72)),
        face.patch((0.03, 0.97), (0.0, 0.13), TRIM),
        face.patch((0, 1), (0.88, 1), tinted(colour, 1.14)),
        face.patch((0.02, 0.25), (0.56, 0.84), TAIL_LAMP, lamps),
        face.patch((0.75, 0.98), (0.56, 0.84), TAIL_LAMP, lamps),
        face.patch((0.17, 0.25), (0.6, 0.72), (240, 214, 190), lamps * 0.5),
        face.patch((0.75, 0.83), (0.6, 0.72), (240, 214, 190), lamps * 0.5),
        face.patch((0.36, 0.64), (0.38, 0.58), PLATE, lamps * 0.3),
    )


def _nose(face: Face, lamps: float) -> Face:
    return face.with_details(
        face.patch((0, 1), (0.0, 0.18), TRIM),
        face.patch((0.26, 0.74), (0.5, 0.88), TRIM),
        face.patch((0.28, 0.72), (0.66, 0.72), RIM),
        face.patch((0.02, 0.24), (0.6, 0.98), HEAD_LAMP, lamps),
        face.patch((0.76, 0.98), (0.6, 0.98), HEAD_LAMP, lamps),
        face.patch((0.37, 0.63), (0.22, 0.42), PLATE),
    )


def _side_panel(face: Face, size: Size, y: float, belt: float) -> Face:
    _, length, height = size
    strip = [(-0.5 * length, y, belt * 0.86), (0.3 * length, y, belt * 0.86), (0.2 * length, y, belt),
             (-0.5 * length, y, belt * 0.97)]  # fmt: skip
    sill = [(-0.5 * length, y, 0.13 * height), (0.49 * length, y, 0.13 * height),
            (0.49 * length, y, 0.26 * height), (-0.5 * length, y, 0.26 * height)]  # fmt: skip
    details = [
        Face(tuple(strip), tinted(face.colour, 1.2), face.normal),
        Face(tuple(sill), tinted(face.colour, 0.68), face.normal),
    ]
    for x in (-0.16, 0.02, 0.19):
        seam = [(x * length + dx, y, z * height) for dx, z in
                ((0, 0.2), (0.03, 0.2), (0.03, 0.6 * belt / height + 0.2), (0, 0.6 * belt / height + 0.2))]  # fmt: skip
        details.append(Face(tuple(seam), tinted(face.colour, 0.55), face.normal))
    return face.with_details(*details, *wheel_discs(size, y, (-0.3, 0.31), min(0.34, 0.22 * height)))


def wheel_discs(size: Size, y: float, at: tuple[float, ...], radius_m: float) -> list[Face]:
    """Wheels painted on a side: arch, tyre, rim."""
    normal = (0.0, 1.0 if y > 0 else -1.0, 0.0)
    discs = []
    for share in at:
        centre = (share * size[1], y, radius_m)
        discs.append(disc((centre[0], y, radius_m + 0.03), radius_m * 1.13, normal, (16, 16, 18)))
        discs.append(disc(centre, radius_m, normal, RUBBER))
        discs.append(disc(centre, radius_m * 0.62, normal, RIM, 12))
        discs.append(disc(centre, radius_m * 0.2, normal, TRIM, 8))
    return discs


def wheels(size: Size, at: tuple[float, ...], radius_m: float) -> list[Face]:
    """Tyres as they show below the body from behind or ahead."""
    width, length, _ = size
    faces = []
    for share in at:
        for side in (-1, 1):
            outer, inner = side * (width / 2 - 0.03), side * (width / 2 - 0.26)
            tyre = box(
                (share * length - radius_m * 0.8, share * length + radius_m * 0.8),
                (min(outer, inner), max(outer, inner)), (0.0, radius_m * 1.05), RUBBER,
            )  # fmt: skip
            faces += [tyre["rear"], tyre["front"]]
    return faces


def _cabin(size: Size, colour: Colour, shape: CarShape) -> list[Face]:
    width, length, height = size
    rear, top_rear, top_front, front = (share * length for share in shape.cabin)
    low, high = width / 2 * 0.97, width / 2 * 0.8
    cabin = frustum(
        (rear, front, -low, low), (top_rear, top_front, -high, high),
        (min(shape.belt, shape.rear_deck) * height, height), tinted(colour, 0.96),
    )  # fmt: skip
    for end in ("rear", "front"):
        pane = cabin[end]
        cabin[end] = pane.with_details(
            pane.patch((0.07, 0.93), (0.1, 0.86), GLASS), pane.patch((0.1, 0.55), (0.52, 0.84), SHINE)
        )
    for side in ("left", "right"):
        pane = cabin[side]
        gaps = ((0.05, 0.46), (0.51, 0.95))
        cabin[side] = pane.with_details(
            *(pane.patch(gap, (0.08, 0.86), GLASS) for gap in gaps),
            *(pane.patch((gap[0] + 0.02, gap[1] - 0.12), (0.5, 0.84), SHINE) for gap in gaps),
        )
    cabin["top"] = cabin["top"].with_details(
        cabin["top"].patch((0.15, 0.85), (0.15, 0.85), tinted(colour, 1.12))
    )
    return list(cabin.values())


def with_light_bar(faces: list[Face], size: Size, colours: tuple[Colour, Colour]) -> list[Face]:
    """The faces under a roof bar whose two halves shine."""
    z = (size[2] * 0.9, size[2])
    lowered = [_squeezed(face, 0.9) for face in faces]
    bar = [box((-0.1, 0.25), (-0.55, 0.0), z, colours[0]), box((-0.1, 0.25), (0.0, 0.55), z, colours[1])]
    shining = [Face(face.points, face.colour, face.normal, 1.0) for half in bar for face in half.values()]
    return lowered + shining


def _squeezed(face: Face, factor: float) -> Face:
    points = tuple((x, y, z * factor) for x, y, z in face.points)
    details = tuple(_squeezed(detail, factor) for detail in face.details)
    return Face(points, face.colour, face.normal, face.glow, face.radii_m, face.plain, details)


def bus_faces(size: Size, colour: Colour, lamps: float) -> list[Face]:
    """A city bus: one box of windows with doors, stripes and lamps."""
    width, length, height = size
    body = box((-length / 2, length / 2), (-width / 2, width / 2), (0.3, height), colour)
    faces = wheels(size, (-0.3, 0.3), 0.48)
    for name in ("left", "right"):
        side = body[name]
        panes = [side.patch((0.03 + k * 0.12, 0.13 + k * 0.12), (0.42, 0.84), GLASS) for k in range(8)]
        gleams = [side.patch((0.04 + k * 0.12, 0.09 + k * 0.12), (0.66, 0.82), SHINE) for k in range(8)]
        y = width / 2 if name == "left" else -width / 2
        body[name] = side.with_details(
            side.patch((0, 1), (0.0, 0.1), tinted(colour, 0.5)), side.patch((0, 1), (0.2, 0.28), PLATE),
            *panes, *gleams, side.patch((0, 1), (0.94, 1), tinted(colour, 1.2)),
            *wheel_discs(size, y, (-0.3, 0.3), 0.48),
        )  # fmt: skip
    body["rear"] = _bus_end(body["rear"], colour, TAIL_LAMP, lamps)
    body["front"] = _bus_end(body["front"], colour, HEAD_LAMP, lamps)
    return faces + list(body.values())


def _bus_end(face: Face, colour: Colour, lamp: Colour, lamps: float) -> Face:
    lamp_rows = [face.patch(at, (0.14, 0.26), lamp, lamps) for at in ((0.04, 0.18), (0.82, 0.96))]
    return face.with_details(
        face.patch((0, 1), (0, 0.1), TRIM),
        face.patch((0.06, 0.94), (0.4, 0.8), GLASS),
        face.patch((0.08, 0.5), (0.6, 0.79), SHINE),
        face.patch((0.15, 0.85), (0.84, 0.96), (18, 18, 18)),
        face.patch((0.22, 0.78), (0.87, 0.93), AMBER, 0.8),
        face.patch((0.38, 0.62), (0.12, 0.2), PLATE),
        face.patch((0, 1), (0.3, 0.35), PLATE),
        *lamp_rows,
    )


def truck_faces(size: Size, colour: Colour, lamps: float) -> list[Face]:
    """A lorry: cab in the given colour, pale cargo box."""
    width, length, height = size
    w, split = width / 2, 0.25 * length
    cargo_colour: Colour = (222, 222, 214)
    cargo = box((-length / 2, split), (-w, w), (0.95, height), cargo_colour)
    bed = box((-length / 2, split), (-w * 0.96, w * 0.96), (0.5, 0.95), TRIM)
    cab = frustum((split + 0.15, length / 2, -w * 0.95, w * 0.95),
                  (split + 0.15, length / 2 - 0.25, -w * 0.92, w * 0.92), (0.45, height * 0.8), colour)  # fmt: skip
    cargo["rear"] = _cargo_doors(cargo["rear"])
    for name in ("left", "right"):
        side = cargo[name]
        cargo[name] = side.with_details(
            side.patch((0, 1), (0.32, 0.5), colour), side.patch((0, 1), (0.0, 0.05), TRIM)
        )
    bed["rear"] = bed["rear"].with_details(
        *(bed["rear"].patch(at, (0.25, 0.75), TAIL_LAMP, lamps) for at in ((0.03, 0.2), (0.8, 0.97))),
        bed["rear"].patch((0.4, 0.6), (0.2, 0.8), PLATE),
    )
    cab["front"] = _cab_front(cab["front"], lamps)
    for name, door in (("left", (0.3, 0.85)), ("right", (0.15, 0.7))):
        cab[name] = cab[name].with_details(cab[name].patch(door, (0.5, 0.9), GLASS))
    sides = [disc_ for y in (w, -w) for disc_ in wheel_discs(size, y, (-0.36, -0.24, 0.36), 0.5)]
    return [*wheels(size, (-0.36, 0.36), 0.5), *bed.values(), *cargo.values(), *cab.values(), *sides]


def _cargo_doors(face: Face) -> Face:
    stripes = [face.patch((k / 8, (k + 1) / 8), (0.0, 0.05), TAIL_LAMP if k % 2 else PLATE) for k in range(8)]
    return face.with_details(
        face.patch((0, 0.03), (0, 1), RIM),
        face.patch((0.97, 1), (0, 1), RIM),
        face.patch((0.495, 0.505), (0.06, 1), (120, 120, 120)),
        *(face.patch((x, x + 0.015), (0.08, 0.94), (140, 140, 140)) for x in (0.3, 0.42, 0.58, 0.7)),
        face.patch((0, 1), (0.97, 1), RIM),
        *stripes,
    )


def _cab_front(face: Face, lamps: float) -> Face:
    return face.with_details(
        face.patch((0.06, 0.94), (0.52, 0.88), GLASS),
        face.patch((0.1, 0.5), (0.7, 0.86), SHINE),
        face.patch((0.2, 0.8), (0.2, 0.42), TRIM),
        face.patch((0, 1), (0, 0.12), TRIM),
        *(face.patch(at, (0.13, 0.24), HEAD_LAMP, lamps) for at in ((0.03, 0.2), (0.8, 0.97))),
    )


def excavator_faces(size: Size, colour: Colour, lamps: float) -> list[Face]:
    """A tracked excavator facing x: tracks, house, cab, boom and bucket."""
    width, length, height = size
    w, rear = width / 2, -length / 2
    faces: list[Face] = []
    for y in ((-w, -w + 0.55), (w - 0.55, w)):
        faces += box((rear, rear + 0.55 * length), y, (0.0, 0.85), (48, 46, 44)).values()
    house = box((rear + 0.1, rear + 0.5 * length), (-w * 0.92, w * 0.92), (0.9, 0.62 * height), colour)
    house["rear"] = house["rear"].with_details(
        *(house["rear"].patch((k / 8, k / 8 + 0.07), (0.0, 0.28), TRIM) for k in range(8)),
        house["rear"].patch((0.2, 0.8), (0.5, 0.8), tinted(colour, 0.6)),
    )
    cab = frustum(
        (rear + 0.22 * length, rear + 0.48 * length, 0.05, w * 0.9),
        (rear + 0.24 * length, rear + 0.45 * length, 0.1, w * 0.86),
        (0.6 * height, 0.93 * height),
        colour,
    )
    glazed = [side.with_details(side.patch((0.1, 0.9), (0.1, 0.85), GLASS)) for side in cab.values()]
    boom = tinted(colour, 0.93)
    elbow, tip = (0.18 * length, -0.3, height - 0.2), (length / 2 - 0.35, -0.3, 0.9)
    arm = [box_bar((rear + 0.42 * length, -0.3, 0.5 * height), elbow, boom), box_bar(elbow, tip, boom)]
    bucket = box((length / 2 - 0.8, length / 2), (-0.75, 0.15), (0.25, 0.85), (70, 68, 66))
    beacon = box((rear + 0.3 * length, rear + 0.34 * length), (0.4, 0.6), (0.93 * height, height), AMBER)
    lit = [Face(f.points, f.colour, f.normal, max(0.5, lamps)) for f in beacon.values()]
    return [*faces, *house.values(), *glazed, *arm, *bucket.values(), *lit]


def box_bar(start: tuple[float, float, float], end: tuple[float, float, float], colour: Colour) -> Face:
    """A heavy round bar, as of a boom."""
    return Face((start, end), colour, radii_m=(0.2, 0.17))
