"""What is installed is what was looked at: locks with hashes, images by exact tag, an audit that knows its gaps."""

from __future__ import annotations

import hashlib
import json
import re
import runpy
import shlex
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.repository import ROOT

AUDIT: dict[str, Any] = runpy.run_path(str(ROOT / "requirements" / "audit.py"))
LOCKING: dict[str, Any] = runpy.run_path(str(ROOT / "requirements" / "write_locks.py"))
PINNED = dict(
    line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line
)


def plain(name: str) -> str:
    return re.split(r"[^a-z0-9-]", name.lower().replace("_", "-").replace(".", "-"))[0]


def locked(name: str) -> dict[str, list[str]]:
    """The lines of each entry of a lock, by its package and version."""
    text = (ROOT / "requirements" / f"{name}.lock").read_text()
    entries = re.split(r"\n(?=\S)", text.strip())
    return {entry.split(" ")[0]: entry.split("\n")[1:] for entry in entries if not entry.startswith("#")}


def wanted(*extras: str) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [project["dependencies"], *(project["optional-dependencies"][extra] for extra in extras)]
    return {plain(one) for some in asked for one in some}


@pytest.mark.parametrize("name", ["app", "all"])
def test_every_package_of_a_lock_has_hashes_and_the_pinned_version(name: str) -> None:
    pinned = {plain(package): version for package, version in PINNED.items()}
    for entry, lines in locked(name).items():
        package, version = entry.split("==")
        assert pinned[plain(package)] == version
        assert lines
        assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line) for line in lines)


def test_locks_hold_what_the_project_asks_for() -> None:
    app, everything = ({plain(entry.split("==")[0]) for entry in locked(name)} for name in ("app", "all"))
    assert wanted("postgresql") <= app
    extras = ("train", "nuscenes", "labelstudio", "postgresql", "ray", "dev")
    assert wanted(*extras) - {"torch"} <= everything
    assert {plain(name) for name in PINNED} - {"torch"} == everything | {"colorama"} - {"torch"}


def test_a_lock_s_conditions_are_those_that_tell_platforms_apart() -> None:
    always = "python_full_version >= '3.11.5' and python_full_version < '3.13'"
    windows = f"a==1 ; {always} and sys_platform == 'win32' \\\n    --hash=sha256:0"
    left = LOCKING["locked"](f"{windows}\ntorch==2 ; {always} \\\n    --hash=sha256:1")
    assert left == ["a==1 ; sys_platform == 'win32' \\\n    --hash=sha256:0\n"]


def test_images_are_named_by_exact_tag() -> None:
    text = (ROOT / "deploy" / "Dockerfile").read_text() + (ROOT / "deploy" / "compose.yaml").read_text()
    images = [
        one for one in re.findall(r"^(?:FROM|    image:) (\S+)", text, re.MULTILINE) if one != "teletriage"
    ]
    assert len(images) == 3
    assert all(re.fullmatch(r"[a-z]+:\d+\.\d+(\.\d+)?-(slim-)?bookworm", one) for one in images)
    assert re.search(r"python:\d+\.\d+\.\d+", text)


def report(**packages: Any) -> str:
    return json.dumps({"dependencies": [{"name": name, **what} for name, what in packages.items()]})


FINE: dict[str, Any] = {"vulns": []}
BAD, SKIPPED = {"vulns": [{"id": "CVE-1"}]}, {"skip_reason": "not found"}


@pytest.mark.parametrize(
    ("text", "code", "last"),
    [
        (report(a_b=FINE, c=FINE), 0, "clean: nothing is known against any of 2 packages"),
        (report(a_b=BAD, c=SKIPPED), 1, "vulnerable: 1 of 2 packages"),
        (report(a_b=FINE, c=SKIPPED), 3, "unknown: not every package was looked up; this is no clean bill"),
        (report(a_b=FINE), 3, "unknown: not every package was looked up; this is no clean bill"),
        ("", 3, "unknown: not every package was looked up; this is no clean bill"),
        ("[]", 3, "unknown: not every package was looked up; this is no clean bill"),
    ],
)
def test_a_package_that_was_not_looked_up_is_never_clean(text: str, code: int, last: str) -> None:
    found, lines = AUDIT["judged"](text, ["A.b", "c"])
    assert (found, lines[-1]) == (code, last)


def a_wheel(folder: Path) -> Path:
    """The smallest package that pip installs."""
    wheel, about = folder / "small-1.0-py3-none-any.whl", "small-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("small.py", "")
        file.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: small\nVersion: 1.0\n")
        file.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{about}/RECORD", "")
    return wheel


def installing(lock: str) -> list[str]:
    """pip's options and arguments as the Makefile gives them, where it installs this lock."""
    lines = (ROOT / "Makefile").read_text().splitlines()
    found = [line for line in lines if f"--requirement requirements/{lock}.lock" in line]
    assert len(found) == 1
    return shlex.split(found[0])[1:]


@pytest.mark.parametrize("lock", ["app", "all"])
def test_a_package_that_is_not_the_locked_one_is_not_installed(tmp_path: Path, lock: str) -> None:
    wheel, target = a_wheel(tmp_path), tmp_path / "installed"
    asked = tmp_path / "asked.lock"
    places = ["--no-index", "--find-links", str(tmp_path), "--target", str(target), "--no-compile"]
    command = [sys.executable, *installing(lock), *places]
    command[command.index(f"requirements/{lock}.lock")] = str(asked)

    def install(sha256: str) -> int:
        asked.write_text(f"small==1.0 --hash=sha256:{sha256}\n")
        return subprocess.run(command, check=False, capture_output=True).returncode

    assert install("0" * 64) == 1
    assert not target.exists()
    assert install(hashlib.sha256(wheel.read_bytes()).hexdigest()) == 0
    assert (target / "small.py").is_file()
