"""A frame at a fraction of the size, in a fraction of the time: thousands of them for a model that is small itself.

The road and everything along it are drawn once per street, weather and place and kept, lit and shaded; a frame lays its
own things and their shades over that. What it leaves out beside `data.demo.drawing.picture`: halos of lamps, glare, and
scenery that stands in front of a thing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from data.demo.drawing.camera import HEIGHT_PX, WIDTH_PX, FloatArray, clip_near, to_camera, to_pixels
from data.demo.drawing.ground import HORIZON_PX, Pixels, ground
from data.demo.drawing.kinds import seed_of
from data.demo.drawing.light import Light
from data.demo.drawing.picture import cast_of, draw, place_thing, shade_outlines, visible_things
from data.demo.drawing.sky import sky
from data.demo.drawing.weather import rained
from data.demo.drawing.world import DemoScene, Thing

_SHADE = 0.85
_GRAIN = 1.1
_KEPT_BACKDROPS = 160


@dataclass(frozen=True)
class View:
    """What part of the 1600 x 900 picture is drawn (left, upper, right, lower) and to what size, in pixels."""

    window: tuple[int, int, int, int]
    width_px: int

    @property
    def scale(self) -> float:
        """Drawn pixels per pixel of the whole picture: twice the size that is kept."""
        return 2 * self.width_px / (self.window[2] - self.window[0])

    @property
    def canvas(self) -> tuple[int, int]:
        """The whole picture's size as it is drawn."""
        return round(WIDTH_PX * self.scale), round(HEIGHT_PX * self.scale)


@dataclass(frozen=True)
class _Backdrop:
    """Road and scenery, (rows, width, 3) in 0..255, in light and in shade; `shade`: how much scenery shades."""

    lit: Pixels
    shaded: Pixels
    shade: Pixels


def render_small(scene: DemoScene, frame: int, view: View) -> Image.Image:
    """The frame's picture through a view, RGB."""
    light, ego = scene.light(frame), scene.ego_along_m(frame)
    behind = _backdrop(replace(scene, name="", things=(), lights=((0, light),), steps_m=(ego,)), view)
    things = visible_things(replace(scene, scenery=()), frame)
    shade = np.maximum(behind.shade, _shade(scene, things, frame, light, ego, view))[..., None]
    canvas = _as_image(behind.lit * (1 - shade) + behind.shaded * shade)
    pen = ImageDraw.Draw(canvas)
    for thing in things:
        draw(pen, place_thing(scene, thing, frame, light, ego), ego, view.scale)
    seed = seed_of(f"{scene.name}/{frame}")
    if light.rain > 0:
        canvas = rained(canvas, light, seed)
    kept = canvas.crop(tuple(round(edge * view.scale) for edge in view.window)).reduce(2)  # type: ignore[arg-type]
    grain = np.random.default_rng(seed).normal(0.0, _GRAIN, (kept.height, kept.width, 1))
    return _as_image(np.asarray(kept, dtype=np.float32) + grain)


@lru_cache(maxsize=_KEPT_BACKDROPS)
def _backdrop(scene: DemoScene, view: View) -> _Backdrop:
    """Of a scene without things, seen from where it is after its only step."""
    light, ego = scene.light(1), scene.ego_along_m(1)
    scenery = visible_things(scene, 1)
    above = sky(light, seed_of(repr(scene.street)) % 50)
    placed = [place_thing(scene, thing, 1, light, ego) for thing in scenery]
    pictures: list[Pixels] = []
    for shade in (0.0, 1.0):
        shadows = np.full((HEIGHT_PX - HORIZON_PX, WIDTH_PX), shade, dtype=np.float32)
        below = ground(scene.street, light, ego, shadows, above[::-1][: len(shadows)])
        whole = _as_image(np.concatenate([above, below])).resize(view.canvas, Image.Resampling.BOX)
        pen = ImageDraw.Draw(whole)
        for item in placed:
            draw(pen, item, ego, view.scale)
        pictures.append(np.asarray(whole, dtype=np.float32))
    lit, shaded = pictures
    return _Backdrop(lit, shaded, _shade(scene, scenery, 1, light, ego, view))


def _shade(
    scene: DemoScene, things: Iterable[Thing], frame: int, light: Light, ego: float, view: View
) -> Pixels:
    """How much of each drawn pixel lies in the shade of things, (rows, width) in 0..1."""
    mask = Image.new("L", view.canvas, 0)
    pen = ImageDraw.Draw(mask)
    for thing in things:
        if thing.kind == "skyline" or thing.at(frame).along_m - ego > 90:
            continue
        for outline in shade_outlines(thing, scene, frame, cast_of(light)):
            clipped: FloatArray = clip_near(to_camera(outline, ego))
            if len(clipped) > 2:
                pen.polygon((to_pixels(clipped) * view.scale).ravel().tolist(), fill=255)
    soft = mask.filter(ImageFilter.BoxBlur(6 * view.scale))
    return np.asarray(soft, dtype=np.float32) / 255.0 * _SHADE


def _as_image(pixels: np.ndarray[tuple[int, ...], np.dtype[Any]]) -> Image.Image:
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
