"""Solid things as flat faces and round limbs, in a thing's own frame: x forward, y left, z up, metres."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from data.demo.drawing.camera import FloatArray

Colour = tuple[float, float, float]
Point = tuple[float, float, float]


@dataclass(frozen=True)
class Face:
    """A flat polygon (n >= 3 points) or, with two points and radii, a round limb that has no back side.

    `glow` is the share of the colour that shines by itself, `plain`
    limbs get no lit side, `details` are painted onto the face.
    """

    points: tuple[Point, ...]
    colour: Colour
    normal: Point = (0.0, 0.0, 0.0)
    glow: float = 0.0
    radii_m: tuple[float, float] | None = None
    plain: bool = False
    details: tuple[Face, ...] = ()

    def with_details(self, *details: Face) -> Face:
        """The same face with more painted on."""
        return Face(
            self.points,
            self.colour,
            self.normal,
            self.glow,
            self.radii_m,
            self.plain,
            (*self.details, *details),
        )

    def patch(
        self, across: tuple[float, float], up: tuple[float, float], colour: Colour, glow: float = 0.0
    ) -> Face:
        """A part of a four-cornered face: shares from its first edge (across) and up that edge's sides."""
        corners = [(across[0], up[0]), (across[1], up[0]), (across[1], up[1]), (across[0], up[1])]
        points = tuple(self.at(s, t) for s, t in corners)
        return Face(points, colour, self.normal, glow)

    def at(self, across: float, up: float) -> Point:
        """The point at two shares of a four-cornered face."""
        x, y, z = (_between(four, across, up) for four in zip(*self.points, strict=True))
        return (x, y, z)


def _between(corners: tuple[float, ...], across: float, up: float) -> float:
    a, b, c, d = corners
    low, high = a + across * (b - a), d + across * (c - d)
    return low + up * (high - low)


def outward(points: Sequence[Point], inside: Point) -> Point:
    """The unit normal of a polygon, turned away from a point inside the solid."""
    corners = np.array(points)
    normal = np.cross(corners[1] - corners[0], corners[-1] - corners[0])
    length = float(np.linalg.norm(normal))
    if length < 1e-12:
        return (0.0, 0.0, 0.0)
    if np.dot(normal, corners.mean(axis=0) - np.array(inside)) < 0:
        length = -length
    x, y, z = normal / length
    return (float(x), float(y), float(z))


def solid_face(points: Sequence[Point], inside: Point, colour: Colour, glow: float = 0.0) -> Face:
    """One face of a solid that holds the point `inside`."""
    return Face(tuple(points), colour, outward(points, inside), glow)


def frustum(
    low: tuple[float, float, float, float],
    high: tuple[float, float, float, float],
    z: tuple[float, float],
    colour: Colour,
) -> dict[str, Face]:
    """Rear, front, left, right and top of a box; low and high are (x from, x to, y from, y to) rectangles.

    Sides are four-cornered, seen from outside: first edge at the bottom, from left to right of the viewer.
    """
    (a, b, c, d), (e, f, g, h), (z0, z1) = low, high, z
    corners: dict[str, list[Point]] = {
        "rear": [(a, d, z0), (a, c, z0), (e, g, z1), (e, h, z1)],
        "front": [(b, c, z0), (b, d, z0), (f, h, z1), (f, g, z1)],
        "left": [(b, d, z0), (a, d, z0), (e, h, z1), (f, h, z1)],
        "right": [(a, c, z0), (b, c, z0), (f, g, z1), (e, g, z1)],
        "top": [(e, g, z1), (f, g, z1), (f, h, z1), (e, h, z1)],
    }
    inside = ((a + b) / 2, (c + d) / 2, (z0 + z1) / 2)
    return {name: solid_face(points, inside, colour) for name, points in corners.items()}


def box(
    x: tuple[float, float], y: tuple[float, float], z: tuple[float, float], colour: Colour
) -> dict[str, Face]:
    """An upright box."""
    rectangle = (x[0], x[1], y[0], y[1])
    return frustum(rectangle, rectangle, z, colour)


def disc(centre: Point, radius_m: float, normal: Point, colour: Colour, sides: int = 18) -> Face:
    """A round plate facing along x or y."""
    turns = [2 * math.pi * k / sides for k in range(sides)]
    cx, cy, cz = centre
    flat = abs(normal[1]) > 0.5
    points = tuple(
        (cx + (radius_m * math.cos(t) if flat else 0.0), cy + (0.0 if flat else radius_m * math.cos(t)),
         cz + radius_m * math.sin(t))
        for t in turns
    )  # fmt: skip
    return Face(points, colour, normal)


def limb(start: Point, end: Point, radii_m: tuple[float, float], colour: Colour, glow: float = 0.0) -> Face:
    """A rounded bar between two points."""
    return Face((start, end), colour, glow=glow, radii_m=radii_m)


def ball(centre: Point, radius_m: float, colour: Colour, glow: float = 0.0, plain: bool = False) -> Face:
    """A sphere."""
    return Face((centre, centre), colour, glow=glow, radii_m=(radius_m, radius_m), plain=plain)


def tinted(colour: Colour, factor: float) -> Colour:
    """The colour made lighter (above 1) or darker (below 1)."""
    r, g, b = (min(255.0, max(0.0, channel * factor)) for channel in colour)
    return (r, g, b)


@dataclass(frozen=True)
class Mesh:
    """Faces as arrays: n points and f faces, details listed right after the face that carries them."""

    points: FloatArray
    starts: tuple[int, ...]
    normals: FloatArray
    colours: FloatArray
    glows: FloatArray
    radii_m: tuple[tuple[float, float] | None, ...]
    plain: tuple[bool, ...]
    carriers: tuple[int, ...]


def compiled(faces: Iterable[Face]) -> Mesh:
    """The faces as one mesh."""
    flat: list[Face] = []
    carriers: list[int] = []
    for face in faces:
        carrier = len(flat)
        flat += [face, *face.details]
        carriers += [carrier] * (1 + len(face.details))
    lengths = [len(face.points) for face in flat]
    return Mesh(
        points=np.array([point for face in flat for point in face.points], dtype=np.float64),
        starts=tuple(int(n) for n in np.cumsum([0, *lengths])),
        normals=np.array([face.normal for face in flat], dtype=np.float64),
        colours=np.array([face.colour for face in flat], dtype=np.float64),
        glows=np.array([face.glow for face in flat], dtype=np.float64),
        radii_m=tuple(face.radii_m for face in flat),
        plain=tuple(face.plain for face in flat),
        carriers=tuple(carriers),
    )
