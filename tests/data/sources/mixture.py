"""Drives of five kinds as a team has them, no two pictures alike: nuScenes' tables, two sets of others in the same
form, a folder, a video and a recording."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from data.frames.ingest import Ingested, ingest
from data.sources.opening import Options, open_source
from data.store.opening import Store
from tests.data.sources.bags import START_US, ros2_picture, write_mcap
from tests.data.sources.test_nuscenes_schema import change, like_lyft, like_t4
from tests.data.sources.test_video import write_video
from tests.dataroots import VERSION, a_box, a_dataroot, a_filename, a_picture

SCENES = {f"scene-{number:04}": 3 for number in range(5, 9)}
DATA_SETS = ("bag", "dashcam", "lyft", "night", "t4", VERSION)


def a_mixture(store: Store, folder: Path) -> dict[str, Ingested]:
    """Take all of them into a store; what each ingest did, by the name of the data set."""
    person = a_box(category="human.pedestrian.adult", ahead_m=9.0)
    a_dataroot(folder / "nuscenes", scenes=SCENES, boxes={a_filename("scene-0005", 0): [person]})
    write_video(folder / "dashcam.mp4", [0, 500, 1000], stated="2023-11-05T14:22:33.000000Z")
    recorded = [START_US + number * 500_000 for number in range(3)]
    write_mcap(
        folder / "bag.mcap",
        [ros2_picture("/front", at_us, painted(at, (30, 200, 160))) for at, at_us in enumerate(recorded)],
    )
    for drive in range(2):
        (folder / "night" / f"drive{drive}").mkdir(parents=True)
        for at in range(2):
            picture = painted(2 * drive + at, (12, 14, 30))
            (folder / "night" / f"drive{drive}" / f"{at}.jpg").write_bytes(picture)
    _repainted(like_lyft(folder / "lyft"), "train_data", (220, 40, 160))
    _repainted(like_t4(folder / "t4", "a") / "a" / "0", "annotation", (60, 60, 220))
    taken: dict[str, tuple[str, Options]] = {
        "nuscenes": (VERSION, Options(version=VERSION)),
        "lyft": ("lyft", Options(camera="CAM_FRONT_ZOOMED", licence="CC-BY-NC-SA-4.0")),
        "t4": ("t4", Options()),
        "night": ("night", Options(licence="CC-BY-4.0")),
        "dashcam.mp4": ("dashcam", Options()),
        "bag.mcap": ("bag", Options()),
    }
    return {
        name: ingest(
            store, open_source(folder / place, None, options), name=name, pictures=folder / "pictures"
        )
        for place, (name, options) in taken.items()
    }


def painted(number: int, colour: tuple[int, int, int]) -> bytes:
    """A picture whose bytes no other number has."""
    return a_picture(colour=colour) + bytes([number, *colour])


def _repainted(root: Path, tables: str, colour: tuple[int, int, int]) -> None:
    """Give a copy of the small dataroot another drive, and pictures of its own."""
    change(root, "log", lambda row: row.update(logfile=f"vehicle {colour[0]}"), tables)

    def paint(row: dict[str, Any]) -> None:
        (root / row["filename"]).write_bytes(painted(0, colour) + row["token"].encode())

    change(root, "sample_data", paint, tables)
