"""What deploy/ and docs/ tell people to run is what there is."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml  # type: ignore[import-untyped]

from annotator.__main__ import app
from annotator.health import metrics
from tests.builders import a_store
from tests.repository import ROOT

UNIT = ROOT / "deploy" / "teletriage@.service"


def review_options() -> set[str]:
    """Every option of `teletriage review`, as it is typed."""
    command: Any = typer.main.get_command(app)
    review = command.commands["review"]
    return {name for parameter in review.params for name in (*parameter.opts, *parameter.secondary_opts)}


@pytest.mark.parametrize(
    "name",
    ["deploy/compose.yaml", "deploy/teletriage@.service", "deploy/Dockerfile", "docs/running/deployment.md"],
)
def test_every_option_that_is_named_exists(name: str) -> None:
    text = (ROOT / name).read_text()
    of_review = re.findall(r"\"(--[a-z-]+)\"", text) + re.findall(r"`(--[a-z-]+)", text)
    started = re.search(r"teletriage review (.*)", text)
    of_review += re.findall(r"--[a-z-]+", started[1]) if started else []
    assert of_review
    assert set(of_review) <= review_options()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    there = UNIT.read_text().replace("/opt/teletriage/bin/teletriage", "/bin/true")
    (tmp_path / UNIT.name).write_text(there)
    instance = str(tmp_path / UNIT.name.replace("@", "@8501"))
    done = subprocess.run(
        ["systemd-analyze", "verify", instance], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_whatever_the_unit_needs_is_made_by_the_instructions() -> None:
    """systemd starts nothing where the account, the environment's file or a path to be mounted is not there."""
    unit, steps = UNIT.read_text(), (ROOT / "docs" / "running" / "deployment.md").read_text()
    needed = re.findall(r"^(?:User|Group|EnvironmentFile|\w+Paths)=([^-].*)$", unit, re.MULTILINE)
    assert needed == ["teletriage", "teletriage", "/etc/teletriage/environment", "/var/lib/teletriage"]
    assert re.search(r"^useradd --system --user-group .* teletriage$", steps, re.MULTILINE)
    assert re.search(r"^install -D .* /etc/teletriage/environment\b", steps, re.MULTILINE)
    assert re.search(r"^install -d -o teletriage -g teletriage .* /var/lib/teletriage$", steps, re.MULTILINE)


def test_the_compose_file_holds_no_secret_and_gives_the_app_little() -> None:
    compose = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
    for name in ("app-1", "app-2"):
        service = compose["services"][name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["volumes"][1].endswith(":ro")
        assert "ports" not in service
    assert "ports" not in compose["services"]["store"]
    assert set(compose["services"]["store"]["environment"]) == {
        "POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD_FILE", "POSTGRES_INITDB_ARGS",
    }  # fmt: skip


def test_every_metric_that_is_named_is_there(tmp_path: Path) -> None:
    shown = metrics(a_store(tmp_path)).decode()
    named = re.findall(
        r"teletriage_[a-z_]+",
        (ROOT / "docs" / "reference" / "metrics.md").read_text().partition("## The monitor")[0],
    )
    assert len(set(named)) == 7
    assert [name for name in named if name not in shown] == []
