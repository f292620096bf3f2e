"""Contact sheets: frames that show a cue, with the evidence beneath, so that a person can check the cue by eye."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw
from sqlmodel import col, select

from data.images.inspection import ImageRefused, rendition
from data.pictures.sheets import sheet_comment
from data.pictures.shown import ShownPicture, shown_pictures
from data.store.opening import Store
from data.store.tables import Frame
from data.vocabulary import Cue

COLUMNS, TILE_PX, CAPTION_PX = 4, (320, 180), 32
_CHARS_A_LINE = 52


@dataclass(frozen=True)
class CueSheets:
    """How many usable frames show each cue, and the sheets written for those that have any. `unknown`: in how many a
    cue could not be looked for; the others do not show it."""

    frames: int
    counts: dict[str, int]
    sheets: dict[str, str]
    unknown: dict[str, int]


def count_cues(store: Store) -> CueSheets:
    """Frames by cue, without writing anything."""
    return _counted([frame for frame, _ in _frames(store)], {})


def _counted(frames: Sequence[Frame], sheets: dict[str, str]) -> CueSheets:
    return CueSheets(
        frames=len(frames),
        counts={cue.value: sum(cue in one.cues for one in frames) for cue in Cue},
        sheets=sheets,
        unknown={
            cue.value: n for cue in Cue if (n := sum(cue in (one.unknown_cues or ()) for one in frames))
        },
    )


def write_cue_sheets(store: Store, folder: Path, *, most: int = 40) -> CueSheets:
    """One JPEG per cue that any frame shows: up to `most` frames, spread evenly over the dataset."""
    folder.mkdir(parents=True, exist_ok=True)
    frames, sheets = _frames(store), dict[str, str]()
    for cue in Cue:
        shown = [(frame, picture) for frame, picture in frames if cue in frame.cues]
        if shown:
            step = max(1, -(-len(shown) // most))
            path = folder / f"{cue.value}.jpg"
            comment = sheet_comment(picture.sha256 for _, picture in shown[::step])
            _sheet(shown[::step], cue).save(path, quality=85, comment=comment)
            sheets[cue.value] = str(path)
    return _counted([frame for frame, _ in frames], sheets)


def _frames(store: Store) -> list[tuple[Frame, ShownPicture]]:
    """Usable real frames by scene and time, each with its image."""
    query = (
        select(Frame)
        .where(col(Frame.set_aside).is_(None), col(Frame.generated_clip_id).is_(None))
        .order_by(Frame.scene_id, col(Frame.position))
    )
    with store.read() as session:
        pictures = shown_pictures(session)
        return [(frame, pictures.of(frame)) for frame in session.exec(query)]


def _sheet(shown: list[tuple[Frame, ShownPicture]], cue: Cue) -> Image.Image:
    width, height = TILE_PX[0], TILE_PX[1] + CAPTION_PX
    rows = -(-len(shown) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * width, rows * height), "black")
    for number, (frame, picture) in enumerate(shown):
        corner = (number % COLUMNS * width, number // COLUMNS * height)
        _tile(sheet, corner, picture.path, frame.cues[cue.value])
    return sheet


def _tile(sheet: Image.Image, corner: tuple[int, int], path: Path, evidence: str) -> None:
    try:
        with Image.open(io.BytesIO(rendition(path, width_px=TILE_PX[0]))) as image:
            sheet.paste(image.resize(TILE_PX), corner)
    except ImageRefused as refused:
        evidence = str(refused)
    x, y = corner[0] + 4, corner[1] + TILE_PX[1] + 3
    # The built-in font has Latin letters only.
    text = evidence.replace("“", '"').replace("”", '"')
    lines = [text[:_CHARS_A_LINE], text[_CHARS_A_LINE : 2 * _CHARS_A_LINE]]
    ImageDraw.Draw(sheet).multiline_text((x, y), "\n".join(lines), fill="white", spacing=1)
