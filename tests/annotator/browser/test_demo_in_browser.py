"""The demo as `make demo` starts it: one click to be somebody, vehicles under watch, and nothing left when it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.annotator.browser.served import free_port
from tests.conftest import with_demo_frames
from tests.repository import ROOT

START_S, STOP_S, ALERT_MS = 300, 60, 120_000


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def demo(tmp_path: Path, demo_dataroot: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    workspace = with_demo_frames(tmp_path, demo_dataroot)
    workspace.chmod(0o700)
    port = free_port()
    command = [sys.executable, "-m", "annotator", "--workspace", str(workspace), "demo", "--port", str(port)]
    with (tmp_path / "demo.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env=os.environ)
    until = time.monotonic() + START_S
    while not is_open(port):
        assert process.poll() is None, (tmp_path / "demo.log").read_text()
        assert time.monotonic() < until, "the demo did not come up"
        time.sleep(0.5)
    yield process, port
    if process.poll() is None:
        process.terminate()
        process.wait(STOP_S)


def test_an_operator_sees_a_vehicle_ask_for_help_and_everything_ends_with_the_demo(
    demo: tuple[subprocess.Popen[bytes], int], chromium: Browser
) -> None:
    process, port = demo
    page = chromium.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.goto(f"http://127.0.0.1:{port}/")
    page.click("form:has(input[value=olga]) button")
    monitor = page.locator("[data-testid=monitor]")
    expect(monitor.locator(".mo-alert[data-feed=van-3] img").first).to_be_visible(timeout=ALERT_MS)
    assert monitor.locator("[data-part=wall] img").count() == 4
    process.send_signal(signal.SIGTERM)
    assert process.wait(STOP_S) == 0
    assert not is_open(port)
