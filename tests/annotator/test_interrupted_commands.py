"""Every long command is stopped by a real SIGINT in the middle of its work: it says what is kept and exits with 130."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest

from data.maintenance.backup import restore_backup, write_backup
from data.store.opening import open_store
from data.vocabulary import ModelRole, PersonRole
from tests import forked
from tests.annotator.browser.served import free_port
from tests.annotator.test_ctrl_c import TELETRIAGE
from tests.builders import VERSION, S, T, a_filename, a_person, a_raw_reply, a_store, frames_of, replies_file
from tests.data.snapshot.test_snapshot import a_verified_store
from tests.data.sources.pictures import a_jpeg
from tests.data.vlm.vllm_stand_in import StandIn, served
from tests.training.builders import write_recipe, write_snapshot
from training.stand_in import build_stand_in


@dataclass(frozen=True)
class Place:
    """A workspace in which frames are verified, an empty one, and what commands are given."""

    folder: Path

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    @property
    def words(self) -> dict[str, str]:
        names = (
            "dataroot",
            "replies.jsonl",
            "student",
            "recipe.yaml",
            "backup.db",
            "tasks.json",
            "adapter",
            "feeds.yaml",
            "own",
        )
        return {
            "V": VERSION,
            "SNAP": str(self.folder / "snapshot"),
            "NEW": str(self.folder / "new"),
            "COPY": f"sqlite:///{self.folder / 'copy.db'}",
            **{one: str(self.folder / one) for one in names},
        }


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("interrupted")
    store = a_verified_store(folder, level=T)
    store.close()
    (folder / "own").mkdir()
    (folder / "own" / "1.jpg").write_bytes(a_jpeg())
    names = [a_filename("scene-0001", 0)]
    replies_file(folder / "replies.jsonl", dict.fromkeys(names, a_raw_reply(S)), role=ModelRole.TEACHER)
    build_stand_in(folder / "student")
    write_snapshot(folder / "snapshot")
    write_recipe(folder / "recipe.yaml")
    return Place(folder)


def stopped(place: Place, at: str, line: str) -> subprocess.CompletedProcess[str]:
    words = [place.words.get(word, word) for word in line.split()]
    said = [at, "--workspace", str(place.workspace), *words]
    return forked.run("tests.annotator.interrupt_at", said, timeout=120)


LONG = {
    "ingest dataroot --version V": ("data/frames/ingest.py:ingest", "same command reads the others"),
    "sample --train 1 --held-out 1": ("data/frames/sampling.py:sample_frames", "whole or not at all"),
    "propose --role teacher --replies replies.jsonl": (
        "data/proposals/recorded_replies.py:propose_from_replies", "Every answer so far is stored",
    ),
    "snapshot NEW": ("data/snapshot/writer.py:add", "No snapshot was written to"),
    "snapshot --verify NEW": ("data/snapshot/folder.py:load_snapshot", "Nothing was changed"),
    "backup NEW": ("data/maintenance/backup.py:_copy_file", "No backup was written to"),
    "store copy --to COPY": ("data/maintenance/backup.py:_fill", "does not hold all rows"),
    "trace PAIR": ("data/snapshot/trace.py:trace", "Nothing was changed"),
    "check": ("data/maintenance/check.py:check_store", "The check did not finish"),
    "tables --csv NEW": ("data/maintenance/table_files.py:write_csv", "do not hold all tables"),
    "cues": ("data/frames/cue_sheets.py:count_cues", "Nothing was changed"),
    "evaluate --out NEW": ("eval/report/render.py:render_markdown", "No report was written to"),
    "agreement": ("eval/agreement/from_store.py:agreement", "Nothing was changed"),
    "labelstudio export NEW": ("data/label_studio/files.py:export_tasks", "remove it and run"),
    "stand-in build --out NEW": ("training/stand_in.py:build_stand_in", "may be incomplete"),
    "shift-report": ("annotator/monitor/shift_report.py:shift_report", "Nothing was changed"),
    "scenarios coverage": ("eval/coverage/from_store.py:_rows", "Nothing was changed"),
    "decide --run student --out NEW": ("eval/guarantee/decide.py:_run", "No decision was written"),
    "merge --adapter adapter --model student --out NEW": (
        "training/record/provenance.py:read_trained", "No merged model was written to",
    ),
    "compare recipe.yaml --snapshot SNAP --model student --out NEW": (
        "data/snapshot/folder.py:load_snapshot", "Every run that was finished is kept",
    ),
    "ground": ("data/grounding/grounded_words.py:_keep", "What was judged is kept"),
    "ingest own --as folder": ("data/frames/ingest.py:_keep", "same command reads the others"),
    "walkthrough": ("data/demo/dataroot.py:build_dataroot", "Nothing is kept unless --workspace names one"),
}  # fmt: skip
"""By what is typed: where in the code the signal comes, and what is said then."""


@pytest.mark.parametrize("line", LONG)
def test_ctrl_c_says_what_is_kept_and_exits_with_130(place: Place, line: str) -> None:
    at, words = LONG[line]
    done = stopped(place, at, line)
    assert done.returncode == 130, done.stdout + done.stderr
    assert done.stderr.splitlines()[-1].startswith("Stopped")
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not (place.folder / "new").exists()


def test_training_keeps_its_checkpoints_and_names_the_option_that_goes_on(place: Place) -> None:
    line = f"train --snapshot {place.folder / 'snapshot'} --recipe recipe.yaml --model student --out adapter"
    early = stopped(place, "training/plan/inputs.py:check_inputs", line)
    assert (early.returncode, early.stderr) == (
        130, f"Stopped. Nothing was written to {place.folder / 'adapter'}; run the same command again.\n"
    )  # fmt: skip
    late = stopped(place, "training/process/callbacks.py:on_step_end", line)
    assert late.returncode == 130, late.stderr
    assert "has no checkpoint yet; the same command with --resume starts it again" in late.stderr


def test_a_restore_that_is_stopped_leaves_no_store_and_the_same_command_restores(place: Place) -> None:
    elsewhere = Place(place.folder / "elsewhere")
    elsewhere.folder.mkdir()
    store = open_store(place.workspace)
    write_backup(store, elsewhere.folder / "backup.db")
    store.close()
    done = stopped(elsewhere, "data/maintenance/backup.py:_fill", "restore backup.db")
    assert (done.returncode, "Nothing is restored until all of it is" in done.stderr) == (130, True), (
        done.stderr
    )
    assert not (elsewhere.workspace / "store.db").exists()
    restore_backup(elsewhere.folder / "backup.db", elsewhere.workspace)
    assert (elsewhere.workspace / "store.db").exists()


def test_pictures_whose_erasing_is_stopped_are_shown_nowhere_and_the_same_command_removes_the_files(
    tmp_path: Path,
) -> None:
    store = a_store(tmp_path)
    a_person(store, "lena", PersonRole.LEAD)
    store.close()
    copy = tmp_path / "workspace" / "renditions" / f"{frames_of('scene-0001')[0]}.jpg"
    copy.parent.mkdir()
    copy.write_bytes(a_jpeg())
    line = "erase scene-0001 --why asked --yes"
    done = stopped(Place(tmp_path), "data/erasure/files.py:remove_files", line)
    assert (done.returncode, copy.exists()) == (130, True), done.stderr
    assert "run the same command again to remove them" in done.stderr
    TELETRIAGE.main(["--workspace", str(tmp_path / "workspace"), *line.split()], standalone_mode=False)
    assert not copy.exists()


ASKING = {
    "propose --role teacher --name new --concurrency 1": (
        "data/vlm/client.py:_post_once", "Every answer so far is stored; the same command goes on with the others.",
    ),
    "throughput --feeds 1 --seconds 60": (
        "eval/throughput/feeds.py:_run", "The loads measured so far are not kept; run the same command again.",
    ),
    "monitor --feeds feeds.yaml": (
        "annotator/monitor/watching/asking.py:_ask", "Watch every feed yourself until the same command runs again.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("line", ASKING)
def test_what_asks_an_endpoint_says_what_is_kept(place: Place, line: str) -> None:
    at, words = ASKING[line]
    (place.folder / "feeds.yaml").write_text("feeds:\n  - {name: van, scene: scene-0001}\n", encoding="utf-8")
    with served(StandIn(model="teacher")) as server:
        done = stopped(place, at, f"{line} --endpoint {server.url} --model teacher")
    assert (done.returncode, words in done.stderr, "Traceback" in done.stderr) == (130, True, False), (
        done.stderr
    )


def test_a_probe_keeps_every_answer(place: Place) -> None:
    with served(StandIn(model="served")) as server:
        asked = f"--endpoint {server.url} --model served --concurrency 1"
        words = ["--workspace", str(place.workspace), "propose", "--role", "student", "--name", "probed"]
        assert forked.run("annotator", [*words, *asked.split()], timeout=120).returncode == 0
        done = stopped(place, "data/probes/probing.py:ask", f"probe probed --arms again --occlude 0 {asked}")
    assert done.returncode == 130, done.stderr
    assert "Every answer so far is stored; the same command goes on with the others." in done.stderr


def wait_until_healthy(port: int) -> None:
    for _ in range(600):
        try:
            with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the app did not start within a minute")


def test_the_app_says_that_everything_is_saved(place: Place) -> None:
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "annotator",
        "--workspace",
        str(place.workspace),
        "review",
        "--port",
        str(port),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        wait_until_healthy(port)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Stopped. Everything is saved; the same command serves it again." in err
    assert "Streamlit" not in out + err
    assert "Aborted" not in out + err
    assert err.splitlines()[-1].startswith("Stopped.")  # and not DuckDB's list of what it still holds
