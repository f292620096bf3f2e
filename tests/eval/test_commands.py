from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from sqlmodel import select
from typer.testing import CliRunner, Result

from annotator.__main__ import app
from data.store.tables import ModelRun
from eval.commands import GATE_REFUSED
from tests.eval.evaluation.test_from_store import a_reviewed_store
from tests.eval.stand_in_server import a_server


def teletriage(line: str) -> Result:
    return CliRunner().invoke(app, shlex.split(line))


def test_the_paper_check_prints_its_source_and_where_it_differs() -> None:
    found = teletriage("evaluate --published")
    assert found.exit_code == 0
    assert found.stdout.startswith("VLM-Driven Proactive Escalation")
    assert "0.921     0.905  Table 1 = 905/1000  DIFFERS" in found.stdout
    assert found.stdout.endswith("12 of 21 printed figures are not those of the printed matrices.\n")


def test_the_paper_check_as_json_is_one_object() -> None:
    found = json.loads(teletriage("evaluate --published --json").stdout)
    assert sum(not row["agrees"] for row in found["rows"]) == 12
    assert found["systems"][2]["figures"]["under_escalation"]["count"] == 0


@pytest.mark.parametrize(
    "options",
    [
        "",
        "--out x --claim accuracy",
        "--out x --limit 0.1",
        "--out x --snapshot a --as-of b",
        "--out x --than a",
        "--out x --against a",
        "--out x --against a --run a",
    ],
)
def test_options_that_do_not_go_together_are_wrong_arguments(tmp_path: Path, options: str) -> None:
    assert teletriage(f"--workspace {tmp_path} evaluate {options}").exit_code == 2


def test_a_claim_is_registered_first_then_held_against_its_run_and_stands_before_the_figures(
    tmp_path: Path,
) -> None:
    a_reviewed_store(tmp_path)[0].close()
    here = f"--workspace {tmp_path}/workspace"
    asked = "--figure missed_teleoperation --limit 0.05 --run test-student --author ina --json"
    registered = json.loads(teletriage(f"{here} claim register {asked}").stdout)
    assert registered["runs"] == ["test-student"]
    found = teletriage(f"{here} evaluate --out {tmp_path}/report --feeds 20 --author ina --json")
    figures = json.loads(found.stdout)
    (claim,) = figures["claims"]
    assert [(one["run"], one["holds"]) for one in claim["runs"]] == [("test-student", False)]
    assert f"entry {registered['entry']} of the audit trail" in claim["runs"][0]["registered"]
    assert figures["lineage"]["author"] == "ina"
    assert figures["deployment"]["assumptions"]["feeds"] == 20
    html = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert html.index("<h2>Claim</h2>") < html.index("What this shows") < html.index("Runs side")
    listed = teletriage(f"{here} claim list").stdout
    assert "1 claim, 1 evaluation" in listed
    assert "missed_teleoperation of test-student is at most 0.05." in listed


def test_a_second_report_into_the_same_folder_is_refused(tmp_path: Path) -> None:
    a_reviewed_store(tmp_path)[0].close()
    command = f"--workspace {tmp_path}/workspace evaluate --out {tmp_path}/report"
    assert teletriage(command).exit_code == 0
    assert "holds a report already" in str(teletriage(command).exception)


def test_a_run_that_may_not_take_anothers_place_ends_with_a_code_of_its_own(tmp_path: Path) -> None:
    store, *_ = a_reviewed_store(tmp_path)
    with store.read() as session:
        names = sorted(run.name for run in session.exec(select(ModelRun)))
    store.close()
    asked = f"--run {names[1]} --against {names[0]} --out {tmp_path}/report"
    found = teletriage(f"--workspace {tmp_path}/workspace evaluate {asked}")
    assert found.exit_code == GATE_REFUSED == 3
    assert f"{names[1]} in place of {names[0]} is refused: it misses" in found.stdout
    kept = json.loads((tmp_path / "report" / "evaluation.json").read_text())
    assert [(one["run"], one["than"], one["is_passed"]) for one in kept["gates"]] == [
        (names[1], names[0], False)
    ]
    assert "<h2>In place of another run</h2>" in (tmp_path / "report" / "report.html").read_text()
    assert "## In place of another run" in (tmp_path / "report" / "report.md").read_text()


def test_throughput_writes_its_table_plot_and_figures(tmp_path: Path) -> None:
    a_reviewed_store(tmp_path)[0].close()
    bench = tmp_path / "bench.json"
    bench.write_text(json.dumps({"request_throughput": 41.5, "p95_e2el_ms": 210.0, "model_id": "m"}))
    with a_server(0.05) as endpoint:
        found = teletriage(
            f"--workspace {tmp_path}/workspace throughput --endpoint {endpoint} --model m --feeds 2 "
            f"--seconds 1 --out {tmp_path}/out --bench {bench} --json"
        )
    figures = json.loads(found.stdout)
    assert [load["feeds"] for load in figures["loads"]] == [2]
    assert figures["largest_holding"] == 2
    assert figures["vllm_bench"] == {"request_throughput": 41.5, "p95_e2el_ms": 210.0}
    page = (tmp_path / "out" / "throughput.html").read_text(encoding="utf-8")
    assert "2 feeds within 1000 ms" in page
    assert "41.5" in page


def test_a_bench_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bench.json").write_text("[]")
    found = teletriage(f"throughput --endpoint http://127.0.0.1:9/v1 --model m --bench {tmp_path}/bench.json")
    assert "is not a result of vllm bench serve" in str(found.exception)
