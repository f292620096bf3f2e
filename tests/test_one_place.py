"""What is done in one place only, held by a search through the source."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.repository import ROOT

ENVIRONMENT = re.compile(r"\bos\.(environ|getenv|putenv)|\bfrom os import .*\b(environ|getenv)")
SIGNING = re.compile(r"^\s*(import hmac|from hmac)", re.MULTILINE)
RENAMING = re.compile(r"\b(os|shutil)\.(replace|rename|move)\(|\.rename\(|\bNamedTemporaryFile\b")
PICTURE_FILE = re.compile(r"\b(root|roots\[[^\]]+\]|dataroot)\)?\s*/\s*[^\n,]*\bfilename\b")
ELSEWHERE = {
    "annotator/serve.py": "the environment of the web server that it becomes",
    "annotator/web/start_streamlit.py": "what the command before it wants said at the end",
    "data/proposals/ray_proposals.py": "Ray's own: whether a cluster is there, and no usage reports",
    "training/__init__.py": "Hugging Face's own switches, set before anything reads them",
    "training/commands.py": "which GPU the process sees, before torch looks",
    "training/process/processes.py": "rank and size, as torchrun and accelerate tell them",
}


def sources() -> list[Path]:
    return [
        path for room in ("annotator", "data", "eval", "training") for path in (ROOT / room).rglob("*.py")
    ]


def found(pattern: re.Pattern[str]) -> set[str]:
    return {
        str(path.relative_to(ROOT)) for path in sources() if pattern.search(path.read_text(encoding="utf-8"))
    }


def test_the_environment_is_read_in_the_settings_and_where_a_library_needs_it() -> None:
    assert found(ENVIRONMENT) == set(ELSEWHERE)


def test_one_function_signs() -> None:
    assert found(SIGNING) == {"data/hashing.py"}


def test_one_function_puts_finished_files_into_place() -> None:
    assert found(RENAMING) <= {
        "data/maintenance/backup.py",  # a restored store, which is a database and not a file
        "training/record/checkpoints.py",  # a checkpoint whose way into place a kill cut short
        "training/record/warm_ups.py",  # a folder that was copied
        "training/watching/watch.py",  # a checkpoint that several processes write together
    }


def test_one_function_says_where_the_picture_of_a_frame_lies() -> None:
    assert found(PICTURE_FILE) == {"data/pictures/shown.py"}


@pytest.mark.parametrize("name", ["serve.py", "settings.py"])
def test_the_search_reads_what_it_should(name: str) -> None:
    assert ROOT / "annotator" / name in sources()
