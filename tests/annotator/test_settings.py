from __future__ import annotations

from pathlib import Path

import pytest

from annotator.settings import AppSettings, settings_from
from data.errors import StoreError
from data.vocabulary import Mode


def test_another_process_reads_the_same_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told = AppSettings(
        workspace=tmp_path,
        store="postgresql://teletriage@db/teletriage",
        decide_first=0.25,
        blind=0,
        allowed_hosts=("triage.example.org", "*.lab.example.org"),
        oidc=True,
        passwords=False,
        json_logs=True,
        metrics_token="let-me-in",
    )
    for name, value in told.as_environment().items():
        monkeypatch.setenv(name, value)
    assert AppSettings() == told


def test_what_is_not_assisted_is_split_as_told() -> None:
    assert AppSettings(decide_first=0.25, blind=0.25).mode_shares == {
        Mode.ASSISTED: 0.5,
        Mode.DECIDE_FIRST: 0.25,
        Mode.BLIND: 0.25,
    }
    with pytest.raises(StoreError, match=r"Shares of 0.5 and 0.6 must be"):
        settings_from(decide_first=0.5, blind=0.6)


def test_a_variable_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELETRIAGE_JSON_LOGS", "perhaps")
    with pytest.raises(StoreError, match="TELETRIAGE_JSON_LOGS"):
        settings_from()


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELETRIAGE_STORE", "")
    monkeypatch.setenv("TELETRIAGE_METRICS_TOKEN", "")
    assert AppSettings().store is None
    assert AppSettings().metrics_token is None
