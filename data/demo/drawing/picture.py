"""One frame as a picture: sky, ground, shadows, reflections, then every thing from far to near."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from data.demo.drawing.camera import (
    FOCAL_PX,
    HEIGHT_PX,
    MOUNT_M,
    NEAR_M,
    WIDTH_PX,
    FloatArray,
    clip_near,
    to_camera,
    to_pixels,
)
from data.demo.drawing.ground import HORIZON_PX, Pixels, ground
from data.demo.drawing.kinds import mesh, seed_of
from data.demo.drawing.light import Light
from data.demo.drawing.shapes import Mesh
from data.demo.drawing.sky import sky
from data.demo.drawing.weather import Glow, finished
from data.demo.drawing.world import DemoScene, Place, Thing

OVERSAMPLING = 2
FARTHEST_M = 330.0
DETAIL_M = 150.0


@dataclass(frozen=True)
class Placed:
    """A thing's faces in the street frame: n points, f faces, lit and hazed colours (f, 3) in 0..255."""

    shape: Mesh
    points: FloatArray
    colours: FloatArray
    seen: FloatArray
    order: tuple[int, ...]


def render(scene: DemoScene, frame: int) -> Image.Image:
    """The frame's picture, 1600 x 900 RGB."""
    light, ego = scene.light(frame), scene.ego_along_m(frame)
    things = visible_things(scene, frame)
    placed = [place_thing(scene, thing, frame, light, ego) for thing in things]
    shadows = _shadows(scene, things, frame, light, ego)
    above = sky(light, seed_of(scene.name) % 50)
    mirror = _reflection(placed, above, ego) if light.wet > 0 else None
    backdrop = np.concatenate([above, ground(scene.street, light, ego, shadows, mirror)])
    canvas = Image.fromarray(np.clip(backdrop, 0, 255).astype(np.uint8))
    size = (WIDTH_PX * OVERSAMPLING, HEIGHT_PX * OVERSAMPLING)
    canvas = canvas.resize(size, Image.Resampling.NEAREST)
    glow = Glow()
    pen = ImageDraw.Draw(canvas)
    for item in placed:
        draw(pen, item, ego, OVERSAMPLING, glow=glow if light.lamps > 0.05 else None)
    return finished(canvas.reduce(OVERSAMPLING), light, glow, seed_of(f"{scene.name}/{frame}"))


def visible_things(scene: DemoScene, frame: int) -> list[Thing]:
    """What may be seen at a frame, farthest first."""
    ego = scene.ego_along_m(frame)
    found = []
    for thing in (*scene.scenery, *scene.things):
        if not thing.present(frame):
            continue
        ahead = thing.at(frame).along_m - ego
        half = max(thing.box_m[0], thing.box_m[1]) / 2
        if -half < ahead - MOUNT_M[0] < FARTHEST_M:
            found.append((-ahead, thing.name, thing))
    return [thing for _, _, thing in sorted(found, key=lambda entry: entry[:2])]


def place_thing(scene: DemoScene, thing: Thing, frame: int, light: Light, ego: float) -> Placed:
    """A thing where it stands at a frame, lit and hazed as it looks from the ego vehicle."""
    place = thing.place(frame, scene.street)
    shape = mesh(thing.kind, thing.look(frame, light.lamps, scene.street.kerb_sign < 0))
    points, normals = in_street(shape.points, place), _turned(shape.normals, place.yaw_rad)
    starts = np.array(shape.starts[:-1])
    counts = np.diff(np.array(shape.starts))[:, None]
    centres = np.add.reduceat(points, starts, axis=0) / counts
    eye = np.array([ego + MOUNT_M[0], MOUNT_M[1], MOUNT_M[2]])
    toward = eye - centres
    distances = np.linalg.norm(toward, axis=1)
    factor = light.on(centres, normals, ego)
    glows = shape.glows[:, None]
    colours = light.seen_through(
        shape.colours * np.maximum(factor * (1 - glows), glows), distances * (1 - 0.4 * shape.glows)
    )
    round_or_flat = np.abs(normals).sum(axis=1) == 0
    seen = round_or_flat | ((normals * toward).sum(axis=1) > 0)
    return Placed(shape, points, colours, seen, _far_to_near(shape, distances, seen))


def _far_to_near(shape: Mesh, distances: FloatArray, seen: FloatArray) -> tuple[int, ...]:
    """Seen faces, farthest carrier first, each followed by its details."""
    carriers = np.array(shape.carriers)
    shown = seen & seen[carriers]
    if distances.min() > DETAIL_M:
        shown = shown & (carriers == np.arange(len(carriers)))
    indices = np.lexsort((np.arange(len(carriers)), -distances[carriers]))
    return tuple(int(k) for k in indices if shown[k])


def in_street(points: FloatArray, place: Place) -> FloatArray:
    """A thing's own points (n, 3) moved to where it stands."""
    return np.asarray(_turned(points, place.yaw_rad) + np.array([place.along_m, place.left_m, 0.0]))


def _turned(points: FloatArray, yaw_rad: float) -> FloatArray:
    cos, sin = math.cos(yaw_rad), math.sin(yaw_rad)
    x, y = points[:, 0], points[:, 1]
    return np.stack([cos * x - sin * y, sin * x + cos * y, points[:, 2]], axis=1)


def draw(
    pen: ImageDraw.ImageDraw,
    item: Placed,
    ego: float,
    scale: float,
    glow: Glow | None = None,
    mirrored: bool = False,
) -> None:
    """Draw a thing, pixels times `scale`; `mirrored` draws what a wet road shows of it."""
    points = item.points * np.array([1.0, 1.0, -1.0]) if mirrored else item.points
    camera = to_camera(points, ego)
    pixels = to_pixels(camera) * scale
    colours = np.clip(item.colours, 0, 255).astype(int)
    for face in item.order:
        a, b = item.shape.starts[face], item.shape.starts[face + 1]
        red, green, blue = (int(channel) for channel in colours[face])
        radii = item.shape.radii_m[face]
        if radii is not None:
            plain = item.shape.plain[face]
            _draw_limb(pen, camera[a:b], pixels[a:b], radii, (red, green, blue), scale, plain)
        elif camera[a:b, 2].min() >= NEAR_M:
            pen.polygon(pixels[a:b].ravel().tolist(), fill=(red, green, blue))
        else:
            clipped = to_pixels(clip_near(camera[a:b])) * scale
            if len(clipped) > 2:
                pen.polygon(clipped.ravel().tolist(), fill=(red, green, blue))
        if glow is not None and item.shape.glows[face] >= 0.86:
            glow.add(camera[a:b], pixels[a:b] / scale, (red, green, blue), radii)


def _draw_limb(
    pen: ImageDraw.ImageDraw, camera: FloatArray, pixels: FloatArray, radii_m: tuple[float, float],
    colour: tuple[int, int, int], scale: float, plain: bool,
) -> None:  # fmt: skip
    """A round bar with a lit upper left side."""
    if camera[:, 2].min() < NEAR_M:
        return
    sizes = [radius * FOCAL_PX * scale / depth for radius, depth in zip(radii_m, camera[:, 2], strict=True)]
    _capsule(pen, pixels, sizes, colour)
    if max(sizes) > 7 and not plain:
        lit = tuple(min(255, round(channel * 1.13) + 3) for channel in colour)
        dark = tuple(round(channel * 0.84) for channel in colour)
        _capsule(pen, pixels, sizes, (dark[0], dark[1], dark[2]))
        shift = np.array([[-0.16 * size, -0.14 * size] for size in sizes])
        _capsule(pen, pixels + shift, [size * 0.84 for size in sizes], colour)
        _capsule(pen, pixels + 2.2 * shift, [size * 0.5 for size in sizes], (lit[0], lit[1], lit[2]))


def _capsule(
    pen: ImageDraw.ImageDraw, ends: FloatArray, sizes: list[float], colour: tuple[int, int, int]
) -> None:
    (ax, ay), (bx, by) = ends.tolist()
    (r, s), length = sizes, math.hypot(bx - ax, by - ay)
    for x, y, size in ((ax, ay, r), (bx, by, s)) if length > 0.5 else ((ax, ay, r),):
        pen.ellipse((x - size, y - size, x + size, y + size), fill=colour)
    if length > 0.5:
        nx, ny = (ay - by) / length, (bx - ax) / length
        pen.polygon(
            [
                ax + nx * r,
                ay + ny * r,
                bx + nx * s,
                by + ny * s,
                bx - nx * s,
                by - ny * s,
                ax - nx * r,
                ay - ny * r,
            ],
            fill=colour,
        )


def _shadows(scene: DemoScene, things: Iterable[Thing], frame: int, light: Light, ego: float) -> Pixels:
    """How much of the ground lies in shade, (rows, width) in 0..1: soft below things, long away from the sun."""
    half = 0.5
    mask = Image.new("L", (WIDTH_PX // 2, (HEIGHT_PX - HORIZON_PX) // 2), 0)
    pen = ImageDraw.Draw(mask)
    cast = cast_of(light)
    for thing in things:
        if thing.kind == "skyline" or thing.at(frame).along_m - ego > 90:
            continue
        for outline in shade_outlines(thing, scene, frame, cast):
            clipped = clip_near(to_camera(outline, ego))
            if len(clipped) > 2:
                pixels = to_pixels(clipped) * half - np.array([0.0, HORIZON_PX * half])
                pen.polygon(pixels.ravel().tolist(), fill=255)
    soft = mask.filter(ImageFilter.BoxBlur(3)).resize(
        (WIDTH_PX, HEIGHT_PX - HORIZON_PX), Image.Resampling.BILINEAR
    )
    return np.asarray(soft, dtype=np.float32) / 255.0 * (0.85 if light.lamps < 0.5 else 0.6)


def cast_of(light: Light) -> FloatArray:
    """Where the shade of a point 1 m above the ground falls, from below it, (3,); zeros without sunlight."""
    if light.sun_share[0] <= 0.12:
        return np.zeros(3)
    return np.array([-light.sun[0], -light.sun[1], 0.0]) / max(0.3, light.sun[2])


def shade_outlines(thing: Thing, scene: DemoScene, frame: int, cast: FloatArray) -> list[FloatArray]:
    """The footprint and, in sunlight, the quads between it and where its top throws its shade."""
    width, length, height = thing.box_m
    thin = {"tree": 0.7, "lamp": 1.0, "signal": 0.6}.get(thing.kind, 1.0)
    if thing.kind == "tree":
        width = length = 0.5
    a, b = length / 2, width / 2
    corners = np.array([[-a, -b, 0.0], [a, -b, 0.0], [a, b, 0.0], [-a, b, 0.0]])
    base = in_street(corners, thing.place(frame, scene.street))
    if not cast.any():
        return [base]
    shade_height = min(height * thin, 9.0)
    top = base + cast * shade_height
    quads = [np.array([base[k], base[k - 1], top[k - 1], top[k]]) for k in range(4)]
    if thing.kind == "tree":
        turns = np.linspace(0, 2 * np.pi, 12, endpoint=False)
        ring = np.stack([np.cos(turns), np.sin(turns), np.zeros(12)], axis=1) * thing.box_m[0] / 2
        return [base, *quads, top.mean(axis=0) + ring]
    return [base, top, *quads]


def _reflection(placed: list[Placed], above: Pixels, ego: float) -> Pixels:
    """What a still, level water surface would show below the horizon, blurred downward."""
    scale = 0.5
    rows = HEIGHT_PX - HORIZON_PX
    flipped = Image.fromarray(np.clip(above[::-1][:rows], 0, 255).astype(np.uint8))
    canvas = Image.new("RGB", (WIDTH_PX // 2, HEIGHT_PX // 2))
    canvas.paste(flipped.resize((WIDTH_PX // 2, rows // 2)), (0, HORIZON_PX // 2))
    pen = ImageDraw.Draw(canvas)
    for item in placed:
        draw(pen, item, ego, scale, mirrored=True)
    below = canvas.crop((0, HORIZON_PX // 2, WIDTH_PX // 2, HEIGHT_PX // 2))
    streaked = below.resize((WIDTH_PX // 4, 34), Image.Resampling.BOX)
    smooth = streaked.filter(ImageFilter.BoxBlur(1)).resize((WIDTH_PX, rows), Image.Resampling.BILINEAR)
    return np.asarray(smooth, dtype=np.float32)
