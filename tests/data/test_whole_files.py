from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from data.whole_files import written_whole


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def half_written(path: Path) -> None:
    path.write_text("half")
    raise OSError("no more room")


def test_a_file_appears_whole_and_replaces_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "new folder" / "figures.json"
    with written_whole(target) as partial:
        partial.write_text("first")
        assert not target.exists()
    with written_whole(target) as partial:
        partial.write_text("second")
        assert target.read_text() == "first"
    assert target.read_text() == "second"
    assert names(target.parent) == ["figures.json"]


def test_what_fails_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    target = tmp_path / "figures.json"
    target.write_text("old")
    with pytest.raises(OSError, match="no more room"), written_whole(target) as partial:
        half_written(partial)
    assert target.read_text() == "old"
    assert names(tmp_path) == ["figures.json"]


def test_a_folder_takes_the_place_of_an_empty_one_and_of_no_other(tmp_path: Path) -> None:
    target = tmp_path / "snapshot"
    target.mkdir()
    with written_whole(target) as partial:
        partial.mkdir()
        (partial / "manifest.json").write_text("{}")
    with pytest.raises(OSError, match="not empty"), written_whole(target) as partial:
        partial.mkdir()
    assert names(target) == ["manifest.json"]
    assert names(tmp_path) == ["snapshot"]


def test_modes_are_the_umasks_or_the_ones_asked_for_and_nobody_else_reads_the_half_file(
    tmp_path: Path,
) -> None:
    with written_whole(tmp_path / "usual") as partial:
        partial.write_text("x")
        assert partial.parent.stat().st_mode & 0o077 == 0
    usual = tmp_path / "as open() makes it"
    usual.write_text("x")
    assert (tmp_path / "usual").stat().st_mode == usual.stat().st_mode
    with written_whole(tmp_path / "secret", mode=0o600) as partial:
        partial.write_text("x")
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


def test_file_and_folder_are_on_the_disk_before_the_name_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[tuple[str, bool]] = []
    to_disk = os.fsync

    def noted(handle: int) -> None:
        path = Path(f"/proc/self/fd/{handle}").readlink()
        flushed.append((path.name, (tmp_path / "kept").exists()))
        to_disk(handle)

    monkeypatch.setattr(os, "fsync", noted)
    with written_whole(tmp_path / "kept") as partial:
        partial.write_text("x")
    assert flushed == [("kept", False), (tmp_path.name, True)]
    flushed.clear()
    with written_whole(tmp_path / "made again", survives_power_cut=False) as partial:
        partial.write_text("x")
    assert flushed == []


def test_a_killed_writer_leaves_no_half_file_under_the_name(tmp_path: Path) -> None:
    target = tmp_path / "figures.json"
    script = (
        "import sys, time, pathlib; from data.whole_files import written_whole\n"
        f"with written_whole(pathlib.Path({str(target)!r})) as partial:\n"
        "    partial.write_text('half'); print('half', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"half\n"
        writer.send_signal(signal.SIGKILL)
    assert not target.exists()
    with written_whole(target) as partial:
        partial.write_text("whole")
    assert target.read_text() == "whole"
