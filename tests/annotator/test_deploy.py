"""What deploy/ and docs/ tell people to run is what there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml  # type: ignore[import-untyped]

from annotator.__main__ import app
from annotator.health import metrics
from tests.builders import a_store

ROOT = Path(__file__).parents[2]


def review_options() -> set[str]:
    """Every option of `teletriage review`, as it is typed."""
    command: Any = typer.main.get_command(app)
    review = command.commands["review"]
    return {name for parameter in review.params for name in (*parameter.opts, *parameter.secondary_opts)}


@pytest.mark.parametrize(
    "name", ["deploy/compose.yaml", "deploy/teletriage@.service", "deploy/Dockerfile", "docs/operations.md"]
)
def test_every_option_that_is_named_exists(name: str) -> None:
    text = (ROOT / name).read_text()
    of_review = re.findall(r"\"(--[a-z-]+)\"", text) + re.findall(r"`(--[a-z-]+)", text)
    started = re.search(r"teletriage review (.*)", text)
    of_review += re.findall(r"--[a-z-]+", started[1]) if started else []
    assert of_review
    assert set(of_review) <= review_options()


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
    named = re.findall(r"teletriage_[a-z_]+", (ROOT / "docs" / "operations.md").read_text())
    assert len(set(named)) == 7
    assert [name for name in named if name not in shown] == []
