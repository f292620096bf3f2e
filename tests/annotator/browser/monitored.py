"""A running monitor for browser tests: cameras that put pictures into folders, a model that says what a test wants."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from sqlmodel import select

from data.store.tables import OperatorAnswer
from data.vocabulary import TriageLevel
from tests import forked
from tests.annotator.browser.served import WAIT_MS, Desk, RunningApp
from tests.annotator.monitor.watched_feeds import Model, a_model, a_view

CONSOLE = "[data-testid=monitor]"
EVERY_S = 0.4
_numbers = count(1)


@dataclass
class Cameras:
    """Folders that a thread fills with living pictures. `off`: cameras that show nothing now."""

    folder: Path
    names: tuple[str, ...]
    model: Model
    levels: dict[str, TriageLevel] = field(default_factory=dict)
    off: set[str] = field(default_factory=set)
    sizes: dict[str, tuple[int, int]] = field(default_factory=dict)
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.stopped.wait(EVERY_S):
            for name in self.names:
                if name not in self.off:
                    self.show(name)

    def show(self, name: str) -> None:
        view = a_view(next(_numbers), size=self.sizes.get(name, (160, 90)))
        self.model.will_say(view, self.levels.get(name, TriageLevel.AUTONOMY))
        place = self.folder / name
        (place / "next.part").write_bytes(view)
        (place / "next.part").replace(place / f"{next(_numbers):08}.jpg")
        for old in sorted(place.glob("*.jpg"))[:-4]:
            old.unlink()


@dataclass
class Monitored:
    """The monitor's process and its cameras; it can be stopped and started again."""

    app: RunningApp
    cameras: Cameras
    endpoint: str
    process: forked.Forked | None = None

    def start(self) -> None:
        sheet = self.cameras.folder / "feeds.yaml"
        limits = self.cameras.folder / "limits.yaml"
        options = [
            "--feeds",
            str(sheet),
            "--limits",
            str(limits),
            "--endpoint",
            self.endpoint,
            "--model",
            "tiny-vl",
        ]
        with (self.cameras.folder / "monitor.log").open("ab") as log:
            words = ["--workspace", str(self.app.workspace), "monitor", *options]
            self.process = forked.start("annotator", words, stdout=log, stderr=log)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            self.process = None

    def say(self, name: str, level: TriageLevel, reasoning: str = "A man stands in the lane.") -> None:
        """From now on the model says this of a camera's pictures."""
        self.cameras.model.reasoning = reasoning
        self.cameras.levels[name] = level


@contextmanager
def a_monitor(app: RunningApp, folder: Path, *names: str) -> Iterator[Monitored]:
    """A monitor with these cameras, all of them calm."""
    for name in names:
        (folder / name).mkdir(parents=True)
    sheet = {"feeds": [{"name": name, "folder": name} for name in names]}
    (folder / "feeds.yaml").write_text(json.dumps(sheet))
    (folder / "limits.yaml").write_text(
        json.dumps({"frame_rate": 5, "agreeing": 2, "calm_s": 0.3, "random_share": 0})
    )
    with a_model() as (stand_in, model):
        cameras = Cameras(folder, names, model)
        thread = threading.Thread(target=cameras.run, daemon=True)
        monitored = Monitored(app, cameras, stand_in.url)
        thread.start()
        monitored.start()
        try:
            yield monitored
        finally:
            monitored.stop()
            cameras.stopped.set()
            thread.join()


class Seat:
    """An operator in front of the console."""

    def __init__(self, desk: Desk, monitored: Monitored) -> None:
        self.desk, self.page, self.monitored = desk, desk.page, monitored
        self.is_state("watching")
        self.desk.until(lambda: self.alerts() == 0)

    def is_state(self, state: str) -> None:
        self.page.wait_for_selector(f"{CONSOLE}[data-state={state}]", timeout=3 * WAIT_MS)

    def alerts(self) -> int:
        return self.page.locator(".mo-alert").count()

    def raised(self, name: str, level: TriageLevel = TriageLevel.TELEOPERATION, **more: str) -> str:
        """Let a feed rise and wait for its card; returns the alert's id, once the card may be answered."""
        self.monitored.say(name, level, **more)
        card = self.page.wait_for_selector(
            f".mo-alert[data-feed='{name}'][data-level={level.value}]", timeout=WAIT_MS
        )
        assert card is not None
        self.page.wait_for_timeout(700)  # a card that has only just come takes no keys
        return str(card.get_attribute("data-alert"))

    def answers(self, alert: str) -> list[OperatorAnswer]:
        with self.desk.app.store.read() as session:
            return list(session.exec(select(OperatorAnswer).where(OperatorAnswer.alert_id == alert)))

    def told(self) -> str:
        return self.page.locator("[data-part=told]").inner_text()
