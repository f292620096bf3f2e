"""One running app for all browser tests, and a reviewer's desk in front of it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO

from playwright.sync_api import BrowserContext, Locator, Page, Request, Response
from sqlmodel import col, select

from annotator.runtime import COOKIE
from data.people.accounts import sign_in
from data.review.serving import release_leases
from data.store.opening import Store
from data.store.tables import FrameNote, FrameStatus, Lease, Proposal, Review
from data.vocabulary import Mode, Split, VerificationState
from tests import forked
from tests.repository import ROOT

CARD = "[data-testid=review-card]"
WAIT_MS = 30_000


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class RunningApp:
    """The app as `teletriage review` serves it; it can be stopped and started on the same port."""

    workspace: Path
    store: Store
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | forked.Forked | None = None
    options: list[str] = field(default_factory=list)
    store_url: str | None = None
    log: str = "app.log"
    patience_s: int = 30
    build: Path = ROOT
    """The folder whose code is served."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        address = ["--store", self.store_url] if self.store_url else []
        shares = ["--port", str(self.port), "--decide-first", "0", "--blind", "0", *self.options]
        words = ["--workspace", str(self.workspace), *address, "review", *shares]
        with (self.workspace / self.log).open("ab") as log:
            self.process = self._process(words, log)
        for _ in range(10 * self.patience_s):
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                    return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError((self.workspace / self.log).read_text()[-2000:])

    def _process(self, words: list[str], log: IO[bytes]) -> subprocess.Popen[bytes] | forked.Forked:
        if self.build == ROOT:
            return forked.start("annotator", words, stdout=log, stderr=log)
        command = [sys.executable, "-m", "annotator", *words]
        return subprocess.Popen(command, cwd=self.build, stdout=log, stderr=log, env=os.environ)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)


@dataclass
class Desk:
    """One person's browser, with the review screen open."""

    app: RunningApp
    context: BrowserContext
    person_id: int
    name: str
    listens: bool = False
    """Whether the desk knows what the browser asks and is answered: telling of it is a tenth of what a page costs."""
    _asked_for: list[str] = field(default_factory=list)
    _answers: list[Response] = field(default_factory=list)

    @cached_property
    def page(self) -> Page:
        """The tab that the context has: one that has shown the app before shows it with two thirds of the work."""
        return self.context.pages[0] if self.context.pages else self.context.new_page()

    @property
    def card(self) -> Locator:
        return self.page.locator(CARD)

    def sign_in(self) -> None:
        secret = sign_in(self.app.store, self.name, f"password-{self.name}")
        self.context.add_cookies([{"name": COOKIE, "value": secret, "url": self.app.url}])

    def sit_down(self, path: str = "") -> Desk:
        self.sign_in()
        if self.listens:
            self.context.on("request", self._asked)
            self.context.on("response", self._heard)
        self.page.goto(self.app.url + path)
        if not path:
            self.ready()
        return self

    def listen_no_more(self) -> None:
        if self.listens:
            self.context.remove_listener("request", self._asked)
            self.context.remove_listener("response", self._heard)

    def _asked(self, request: Request) -> None:
        self._asked_for.append(request.url)

    def _heard(self, answer: Response) -> None:
        self._answers.append(answer)

    @property
    def requests(self) -> list[str]:
        """The address of everything that the browser has asked for."""
        assert self.listens
        return self._asked_for

    @property
    def bodies(self) -> list[str]:
        """Everything that the card's routes have answered, each with its address in front."""
        assert self.listens
        return [f"{answer.url} {answer.text()}" for answer in self._answers if "/card/" in answer.url]

    def ready(self, page: Page | None = None) -> None:
        """Wait until a frame is on screen with its picture."""
        page = page or self.page
        page.wait_for_selector(f"{CARD}[data-frame] .rc-pictures img", timeout=WAIT_MS)

    def data(self, name: str) -> str | None:
        return self.card.get_attribute(f"data-{name}")

    def frame(self) -> str:
        return str(self.data("frame"))

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def press_and_move_on(self, key: str) -> str:
        """Press a key that decides; returns the frame that was decided on once another is on screen."""
        before = self.frame()
        self.press(key)
        self.moved_on(before)
        return before

    def moved_on(self, before: str) -> None:
        self.page.wait_for_function(
            f"before => document.querySelector('{CARD}').dataset.frame !== before",
            arg=before,
            timeout=WAIT_MS,
        )

    def state(self, wanted: str) -> None:
        self.page.wait_for_selector(f"{CARD}[data-state={wanted}]", timeout=WAIT_MS)

    def text(self, part: str) -> str:
        return self.page.locator(f"{CARD} [data-part={part}]").inner_text()

    def until(self, what: Callable[[], object], *, seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < deadline, "waited in vain"
            self.page.wait_for_timeout(50)

    def reviews(self) -> list[Review]:
        with self.app.store.read() as session:
            query = select(Review).where(Review.person_id == self.person_id).order_by(col(Review.id))
            return list(session.exec(query))

    def notes(self) -> list[FrameNote]:
        with self.app.store.read() as session:
            return list(session.exec(select(FrameNote).where(FrameNote.person_id == self.person_id)))

    def leave(self) -> None:
        self.context.close()
        release_leases(self.app.store, self.person_id)


def hold(store: Store, person_id: int, mode: Mode, *, n: int = 8, split: Split = Split.TRAIN) -> list[str]:
    """Reserve n open frames for somebody in a mode; returns their ids in the order in which they are served."""
    with store.write() as session:
        leased = select(Lease.frame_id)
        noted = select(FrameNote.frame_id)
        reviewed = select(Review.frame_id)
        query = select(FrameStatus.frame_id).where(
            FrameStatus.split == split,
            FrameStatus.state == VerificationState.AWAITING,
            col(FrameStatus.frame_id).not_in(leased),
            col(FrameStatus.frame_id).not_in(noted),
            col(FrameStatus.frame_id).not_in(reviewed),
        )
        frames = list(session.exec(query.order_by(FrameStatus.frame_id).limit(n)))
        assert len(frames) == n, "the test store has too few frames left"
        now_us = store.now_us(session)
        for place, frame in enumerate(frames):
            proposal = session.exec(select(Proposal).where(Proposal.frame_id == frame)).first()
            session.add(
                Lease(
                    frame_id=frame,
                    person_id=person_id,
                    mode=mode,
                    proposal_id=proposal.id if proposal and mode is not Mode.BLIND else None,
                    leased_at_us=now_us - 60_000_000 + place,
                    until_us=now_us + 900_000_000,
                )
            )
    return frames


def dataset(desk: Desk) -> dict[str, str]:
    """Every data-* attribute of the card's root."""
    return dict(json.loads(desk.card.evaluate("card => JSON.stringify({...card.dataset})")))
