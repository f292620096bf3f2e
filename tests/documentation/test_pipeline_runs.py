"""The pipelines of the README and of the first data set, run as they stand, with small things in place of large ones.

A small dataroot stands for nuScenes, a server of the tests for vLLM, the stand-in model for Qwen3-VL, and the
stand-in's recipe, at the width that a student is asked with, for one that needs a GPU. Names, options and order are
the page's own.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.request import urlopen

import pytest

from annotator.demo.scripted_reviewers import review_everything, settle_contested
from data.images.model_picture import DEFAULT_WIDTH_PX
from data.store import open_store
from data.vocabulary import Split
from tests import forked
from tests.annotator.browser.served import free_port
from tests.builders import A, S, a_dataroot, a_filename, a_raw_reply
from tests.data.vlm.vllm_stand_in import StandIn, an_answer, served
from tests.documentation.pages import typed
from tests.repository import ROOT
from training.recipe import shipped_recipes

SCENES = {f"scene-{number:04d}": 2 for number in range(1, 9)}


SAYS = {8001: lambda asked: a_raw_reply(A, reasoning="The lane is free.", action="Let it drive.")}
"""The student is lenient, or nothing would be left to learn."""
OTHER_DRIVES = {"/data/night-drives", "/data/dashcam.mp4", "dashcam"}
"""Lines that say how else a workspace is filled: beside the pipeline, not in it."""


class Shell:
    """Runs a page's lines in a folder of its own; `instead` maps the page's words to what this machine has."""

    def __init__(self, folder: Path, instead: dict[str, str]) -> None:
        self.folder, self.instead = folder, instead
        self.transcript: list[str] = []

    def run(self, words: tuple[str, ...]) -> None:
        done = forked.run("annotator", self._words(words), cwd=self.folder)
        self.transcript += ["$ " + " ".join(words), done.stdout.strip()]
        assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}{done.stderr}"

    def serve(self, words: tuple[str, ...]) -> None:
        """Start `teletriage review`, wait until it is healthy, and end it as Ctrl-C does."""
        port = free_port()
        command = [sys.executable, "-m", "annotator", *self._words(words), "--port", str(port)]
        with subprocess.Popen(
            command, cwd=self.folder, env=self._environment(), stdout=subprocess.DEVNULL
        ) as process:
            try:
                _wait_until_healthy(port)
            finally:
                process.send_signal(signal.SIGINT)
                process.wait(timeout=30)

    def _words(self, words: tuple[str, ...]) -> list[str]:
        few_scenes = ["--yes"] if words[1] == "sample" else []
        words_here = (self.instead.get(word, word) for word in words[1:])
        return [*words_here, *few_scenes]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def _wait_until_healthy(port: int) -> None:
    for _ in range(600):
        try:
            with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as answer:
                assert answer.status == 200
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the app did not start within a minute")


def people_review(workspace: Path) -> None:
    """What people do between two lines of the page: two of them review each frame, a lead settles the rest."""
    store = open_store(workspace)
    try:
        review_everything(store, ["first-reviewer", "second-reviewer"], {})
        for split in Split:
            settle_contested(store, "scripted-lead", {}, split=split)
    finally:
        store.close()


def a_recipe(folder: Path) -> Path:
    text = shipped_recipes()["stand_in"].read_text()
    path = folder / "stand_in_at_full_width.yaml"
    path.write_text(re.sub(r"width_px: \d+", f"width_px: {DEFAULT_WIDTH_PX}", text))
    return path


def recorded_replies(folder: Path) -> None:
    """The file of replies that a page imports: one about each of some frames."""
    lines = [
        {
            "filename": a_filename(scene, 0),
            "role": "teacher",
            "model": "recorded-teacher",
            "raw": a_raw_reply(S),
        }
        for scene in SCENES
    ]
    (folder / "replies.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.mark.parametrize(
    ("page", "version"), [("README.md", "v1.0-trainval"), ("docs/start/first-data-set.md", "v1.0-mini")]
)
def test_a_page_leads_from_a_dataroot_to_a_report(tmp_path: Path, page: str, version: str) -> None:
    a_dataroot(tmp_path / "nuscenes", scenes=SCENES, version=version)
    recorded_replies(tmp_path)
    lines = [line.words for line in typed(ROOT / page) if not OTHER_DRIVES.intersection(line.words)]
    models = {8000: "nvidia/Cosmos-Reason2-8B", 8001: "Qwen/Qwen3-VL-2B-Instruct", 8002: "models/aligned"}
    with ExitStack() as stack:
        servers = {
            port: stack.enter_context(served(StandIn(model=name, says=SAYS.get(port, an_answer))))
            for port, name in models.items()
        }
        instead = {f"http://127.0.0.1:{port}/v1": server.url for port, server in servers.items()}
        instead |= {"/data/nuscenes": str(tmp_path / "nuscenes"), "sa_dpo": str(a_recipe(tmp_path))}
        shell = Shell(tmp_path, instead)
        shell.run(("teletriage", "stand-in", "build", "--out", "models/Qwen3-VL-2B-Instruct"))
        for words in lines:
            if words[1] == "review":
                shell.serve(words)
                people_review(tmp_path / "workspace")
            else:
                shell.run(words)
    print("\n".join(shell.transcript))
    assert [words[1] for words in lines][-3:] == ["merge", "propose", "evaluate"]
    assert (tmp_path / "workspace" / "reports" / "first" / "report.html").is_file()
