"""A monitor under test: feeds whose pictures a test shows, a stand-in endpoint, a real temporary store."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from sqlmodel import SQLModel, select

from annotator.monitor.rules.limits import Limits
from annotator.monitor.service.listener import KEY_NAME, listener_key
from annotator.monitor.service.proof import Proven
from annotator.monitor.service.run import Asked, Watched, run_monitor
from annotator.monitor.sources.feed_sheet import FeedEntry, FeedSheet
from annotator.monitor.sources.recorded import Fail, Picture, Show
from annotator.monitor.watching.monitor import Monitor
from annotator.monitor.watching.watched_feed import WatchedFeed
from data.decisions.decision import ModelDecision
from data.images.inspection import ImageRefused
from data.images.model_picture import model_picture
from data.live.record import current_watch
from data.store.opening import Store
from data.vlm.moment import STILL, Lookback
from data.vlm.request import STUDENT_SAMPLING
from data.vocabulary import TriageLevel
from eval.guarantee.decide import Decision
from tests.data.vlm.vllm_stand_in import Asked as Request
from tests.data.vlm.vllm_stand_in import StandIn, served

BRISK = Limits(frame_rate=30.0, agreeing=2, calm_s=0.0, random_share=0.0)
"""Limits under which a test waits for nothing but what it tests."""


def a_view(number: int, *, shade: int = 110, size: tuple[int, int] = (160, 90)) -> bytes:
    """A living camera's picture: its noise differs from every other number's."""
    shades = np.random.default_rng(number).normal(shade, 8, (96, 160, 3)).clip(0, 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(shades).resize(size, Image.Resampling.BILINEAR).save(out, "JPEG", quality=90)
    return out.getvalue()


@dataclass
class Hand:
    """A source whose pictures a test shows itself."""

    name: str
    show: Show | None = None
    fail: Fail | None = None

    async def run(self, show: Show, fail: Fail) -> None:
        self.show, self.fail = show, fail
        await asyncio.Event().wait()


@dataclass
class Model:
    """What the stand-in says, by picture: a level, or any other text as it is."""

    by_picture: dict[str, TriageLevel | str] = field(default_factory=dict)
    otherwise: TriageLevel | str = TriageLevel.AUTONOMY
    reasoning: str = "A man stands in the lane."

    def says(self, asked: Request) -> str:
        said = self.by_picture.get(asked.image, self.otherwise)
        if isinstance(said, str):
            return said
        return json.dumps({"reasoning": self.reasoning, "level": said.value, "action": "Take over and stop."})

    def will_say(self, picture: bytes, said: TriageLevel | str) -> None:
        """By the picture as the model is sent it; one that cannot be decoded is never sent."""
        with suppress(ImageRefused):
            sent = model_picture(picture, "The picture", width_px=STUDENT_SAMPLING.image_width_px)
            self.by_picture[hashlib.sha256(sent.content).hexdigest()] = said


@dataclass
class Desk:
    """The running monitor and what a test does to it."""

    monitor: Monitor
    hands: dict[str, Hand]
    model: Model
    stand_in: StandIn
    store: Store
    address: str
    numbers: Iterator[int]

    def feed(self, name: str = "van") -> WatchedFeed:
        return self.monitor.feeds[name]

    async def picture(
        self, said: TriageLevel | str, name: str = "van", *, content: bytes | None = None, **more: Any
    ) -> bytes:
        """Show one picture and wait until the monitor has learned what the model says of it."""
        view = content or a_view(next(self.numbers))
        self.model.will_say(view, said)
        self.throw(view, name, **more)
        feed = self.feed(name)
        number = feed.pictures
        await self.until(lambda: number not in feed.under_way and not feed.is_looking)
        return view

    def throw(self, view: bytes, name: str = "van", **more: Any) -> None:
        """Show a picture and do not wait. The pace that cameras are held to does not hold for a test."""
        feed, hand = self.feed(name), self.hands[name]
        feed.accepted_s = float("-inf")
        assert hand.show is not None
        hand.show(Picture(view, **more))

    async def until(self, what: Callable[[], object], *, seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < deadline, "waited in vain"
            await asyncio.sleep(0.005)

    def written(self, kind: type[SQLModel]) -> list[Any]:
        """Every row of a table, once what has gathered is written."""
        self.monitor.feeds.logbook.write()
        with self.store.read() as session:
            return list(session.exec(select(kind)))


@contextmanager
def a_model(**changes: Any) -> Iterator[tuple[StandIn, Model]]:
    model = Model()
    with served(StandIn(says=model.says, **changes)) as stand_in:
        yield stand_in, model


def watch(
    store: Store,
    folder: Path,
    scenario: Callable[[Desk], Awaitable[None]],
    *,
    feeds: tuple[str, ...] = ("van",),
    limits: Limits = BRISK,
    endpoint: str | None = None,
    decision: Decision | ModelDecision | None = None,
    keep_clips_days: float = 0.0,
    lookback: Lookback = STILL,
    **model: Any,
) -> Watched:
    """Run a monitor for as long as the scenario takes, and raise what it raises."""
    with a_model(**model) as (stand_in, says):
        asked = Asked(
            (endpoint or stand_in.url,),
            "tiny-vl",
            revision="r1",
            snapshot="snap-1",
            decision=decision,
            keep_clips_days=keep_clips_days,
            lookback=lookback,
        )
        return asyncio.run(_watch(store, folder, scenario, feeds, limits, stand_in, says, asked))


async def _watch(
    store: Store,
    folder: Path,
    scenario: Callable[[Desk], Awaitable[None]],
    feeds: tuple[str, ...],
    limits: Limits,
    stand_in: StandIn,
    model: Model,
    asked: Asked,
) -> Watched:
    hands = {name: Hand(name) for name in feeds}
    sheet = FeedSheet(feeds=[FeedEntry(name=name, folder="by-hand") for name in feeds])
    ready: asyncio.Future[Desk] = asyncio.get_running_loop().create_future()

    def begun(monitor: Monitor, address: str) -> None:
        numbers = iter(range(1, 1_000_000))
        ready.set_result(Desk(monitor, hands, model, stand_in, store, address, numbers))

    running = asyncio.create_task(
        run_monitor(store, sheet, asked, limits, folder, ready=begun, sources=list(hands.values()))
    )
    either: list[asyncio.Future[Any]] = [ready, running]
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    desk = ready.result() if ready.done() else await running  # what kept it from beginning is raised here
    assert isinstance(desk, Desk)
    try:
        await desk.until(lambda: all(hand.show for hand in hands.values()))
        await scenario(desk)
    finally:
        desk.monitor.stop.set()
        done = await running
    return done


def proven(store: Store) -> Proven:
    """The app's side of the line to the monitor that runs on this store."""
    with store.read() as session:
        watch = current_watch(session)
    assert watch is not None
    return Proven(listener_key(store.secret(KEY_NAME)), int(watch.id or 0))
