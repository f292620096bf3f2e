"""The documentation builds strictly, and what is generated from the code is current."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.repository import ROOT

SCRIPTS = ROOT / "docs" / "scripts"


def script(name: str) -> ModuleType:
    """A script of docs/scripts as a module, without running it."""
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(importlib.util.find_spec("mkdocs") is None, reason="mkdocs is not installed")
def test_the_site_builds_strictly(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "--quiet",
        "--site-dir",
        str(tmp_path / "site"),
    ]
    done = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "site" / "index.html").is_file()


def test_the_reference_of_commands_is_what_the_commands_say() -> None:
    found = script("write_commands")
    assert found.PAGE.read_text(encoding="utf-8") == found.page(), "make docs writes it anew"


def test_the_page_of_models_is_what_their_profiles_say() -> None:
    found = script("write_models")
    assert found.PAGE.read_text(encoding="utf-8") == found.page(), "make docs writes it anew"


def test_the_map_of_rooms_is_what_the_rooms_say() -> None:
    found = script("write_rooms")
    assert found.PAGE.read_text(encoding="utf-8") == found.page(), "make docs writes it anew"


def test_the_drawing_of_the_architecture_is_what_the_contracts_say() -> None:
    found = script("draw_architecture")
    assert found.PICTURE.read_text(encoding="utf-8") == found.picture(), "make docs draws it anew"


if (
    "TELETRIAGE_CHECK_PICTURES" in os.environ
):  # by `make docs`: a change of a screen need not retake its picture at once

    def test_no_picture_is_older_than_the_code_of_its_screen() -> None:
        found = script("take_pictures")
        taken = json.loads(found.HASHES.read_text(encoding="utf-8"))
        older = [picture.name for picture in found.PICTURES if taken.get(picture.name) != picture.code_hash()]
        assert older == [], "their screens have changed since: make pictures takes them anew"


def test_every_picture_is_one_that_is_taken_and_shown() -> None:
    found = script("take_pictures")
    named = {f"{picture.name}.jpg" for picture in found.PICTURES}
    assert {path.name for path in found.FOLDER.glob("*.jpg")} == named
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    shown = {name for page in pages for name in re.findall(r"pictures/([\w-]+\.jpg)", page.read_text())}
    assert shown == named


def test_the_readme_is_short_and_its_links_lead_somewhere() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 130
    links = [link.partition(")")[0] for link in text.split("](")[1:]]
    assert len(links) > 15
    assert [link for link in links if not link.startswith("http") and not (ROOT / link).is_file()] == []
