"""The monitor's process in the benchmark: feeds whose levels follow a plan, watched as `teletriage monitor` does.

Prints one JSON object at the end: what was planned and done, and the processor time of this process.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import io
import json
import random
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from annotator.monitor.rules.limits import Limits
from annotator.monitor.service.run import PICTURES, Asked, run_monitor
from annotator.monitor.sources.feed_sheet import FeedEntry, FeedSheet
from annotator.monitor.sources.recorded import Fail, Picture, Show
from data.images.model_picture import DEFAULT_WIDTH_PX, model_picture
from data.store.opening import open_store
from data.vocabulary import TriageLevel

PERIOD_S, ALARM_S, BEGIN_S = 20.0, 4.0, 12.0
VIEWS = 24
Size = tuple[int, int]


def views(size: Size, *, first: int = 0) -> list[bytes]:
    """JPEGs of a camera's size, each different."""
    width, height = size
    made = []
    for seed in range(first, first + VIEWS):
        coarse = np.random.default_rng(seed).normal(110, 45, (height // 20, width // 20, 3)).clip(0, 255)
        out = io.BytesIO()
        large = Image.fromarray(coarse.astype(np.uint8)).resize((width, height), Image.Resampling.BICUBIC)
        large.save(out, "JPEG", quality=85)
        made.append(out.getvalue())
    return made


def alarm_views(size: Size) -> list[bytes]:
    """The pictures of which the stand-in model says TELEOPERATION."""
    return views(size, first=VIEWS)


def levels_of(size: Size) -> dict[str, str]:
    """SHA-256 of each alarm picture as the model is shown it, with its level: what the stand-in server is told."""
    shown = [
        model_picture(picture, "The picture", width_px=DEFAULT_WIDTH_PX) for picture in alarm_views(size)
    ]
    return {hashlib.sha256(one.content).hexdigest(): TriageLevel.TELEOPERATION.value for one in shown}


@dataclass
class Planned:
    """A camera at a fixed rate whose pictures say AUTONOMY, and for a while in every period TELEOPERATION."""

    calm: list[bytes]
    alarming: list[bytes]
    frame_rate: float
    phase_s: float
    first_alarm_s: float
    until_s: float
    alarms: int = 0
    shown: int = 0
    rng: random.Random = field(default_factory=random.Random)

    async def run(self, show: Show, fail: Fail) -> None:
        loop = asyncio.get_running_loop()
        begun_s, number, was_alarm = loop.time() + self.phase_s, 0, False
        while True:
            due_s = begun_s + number / self.frame_rate
            await asyncio.sleep(due_s - loop.time())
            at_s = number / self.frame_rate - self.first_alarm_s
            is_alarm = (
                at_s >= 0 and at_s % PERIOD_S < ALARM_S and (at_s // PERIOD_S + 1) * PERIOD_S < self.until_s
            )
            self.alarms += is_alarm and not was_alarm
            was_alarm = is_alarm
            pictures = self.alarming if is_alarm else self.calm
            show(Picture(pictures[(number + int(self.phase_s * 1000)) % len(pictures)]))
            self.shown += 1
            number += 1


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--feeds", type=int, required=True)
    parser.add_argument("--frame-rate", type=float, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--keep-clips-days", type=float, default=0.0)
    parser.add_argument("--camera", type=int, nargs=2, required=True)
    given = parser.parse_args()
    camera: Size = (given.camera[0], given.camera[1])
    calm, alarming = views(camera), alarm_views(camera)
    limits = Limits(frame_rate=given.frame_rate, random_share=0.0005)
    place = random.Random(0)
    sources = [
        Planned(
            calm,
            alarming,
            given.frame_rate,
            number / given.feeds / given.frame_rate,
            BEGIN_S + place.random() * PERIOD_S,
            given.seconds - BEGIN_S - 5.0,
        )
        for number in range(given.feeds)
    ]
    sheet = FeedSheet(
        feeds=[FeedEntry(name=f"van-{number:03}", folder="planned") for number in range(given.feeds)]
    )
    store = open_store(given.workspace)
    begun_cpu_s, begun_s = time.process_time(), time.monotonic()
    asked = Asked((given.endpoint,), "stand-in", for_s=given.seconds, keep_clips_days=given.keep_clips_days)
    done = asyncio.run(run_monitor(store, sheet, asked, limits, given.workspace / PICTURES, sources=sources))
    used = (time.process_time() - begun_cpu_s) / (time.monotonic() - begun_s)
    planned = sum(source.alarms for source in sources)
    sizes = [len(picture) for picture in calm + alarming]
    figures = {
        **asdict(done),
        "planned": planned,
        "cpu_share": used,
        "picture_bytes": sum(sizes) // len(sizes),
    }
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
