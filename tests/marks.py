"""What a test needs, by the folder or file that it stands in and by the fixtures that it asks for."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PLACES = {
    "browser": ("annotator/browser",),
    "training": ("training", "gpu", "real_engine"),
    "faults": ("faults",),
    "slow": (
        "annotator/monitor/sources",
        "annotator/review_order/test_audit_stratum.py",
        "annotator/review_order/test_review_order.py",
        "annotator/test_advisories.py",
        "annotator/test_generated_marks.py",
        "annotator/test_named_lists.py",
        "annotator/test_plain_review.py",
        "annotator/web/test_low_latency.py",
        "annotator/widgets/test_figure_cache.py",
        "benchmarks",
        "data/blurring/test_blur.py",
        "data/demo/test_dataroot.py",
        "data/demo/test_projection.py",
        "data/erasure/test_erase.py",
        "data/label_studio/test_label_studio_pull.py",
        "data/label_studio/test_label_studio_push.py",
        "data/maintenance/test_backup.py",
        "data/maintenance/test_kept_heads.py",
        "data/maintenance/test_schema_check.py",
        "data/overview/test_own_frames.py",
        "data/people/test_team_commands.py",
        "data/proposals/test_asking.py",
        "data/review/test_lease_rules.py",
        "data/review/test_upgrade.py",
        "data/scenarios",
        "data/store/test_audit_trail.py",
        "data/vlm/test_live_asking.py",
        "data/vlm/test_odd_answers.py",
        "documentation/test_site.py",
        "eval/coverage/test_training_side.py",
        "eval/episodes/test_from_store.py",
        "eval/evaluation/test_generated.py",
        "eval/guarantee/test_from_store.py",
        "eval/probes/test_from_store.py",
        "eval/test_commands.py",
        "eval/annotators/test_planted_bias.py",
        "eval/certificate/test_simulated_audits.py",
        "eval/comparison/test_simulated_runs.py",
        "eval/evaluation/test_simulated_labels.py",
        "fuzz",
        "test_stores.py",
    ),
    "processes": (
        "annotator/demo",
        "annotator/monitor/service",
        "annotator/monitor/test_monitor_commands.py",
        "annotator/monitor/watching",
        "annotator/sign_in/test_every_act_after_the_end.py",
        "annotator/sign_in/test_gate.py",
        "annotator/sign_in/test_streamlits_routes.py",
        "annotator/test_commands.py",
        "annotator/test_interrupted_commands.py",
        "annotator/test_scenarios_on_demo.py",
        "annotator/test_two_processes.py",
        "data/proposals/test_interruption.py",
        "data/proposals/test_ray_proposals.py",
        "documentation/test_pipeline_runs.py",
        "documentation/test_supply_chain.py",
        "eval/throughput",
    ),
}
"""Folders and files by mark; what takes longest comes first, so that no process is left with it at the end."""
FIXTURES = {"postgresql": "postgresql", "demo_dataroot": "processes"}


def marks(item: pytest.Item) -> set[str]:
    return {*marks_of_place(item.path), *_marks_of_fixtures(item)}


@cache
def marks_of_place(path: Path) -> list[str]:
    place = path.relative_to(HERE) if path.is_relative_to(HERE) else Path()
    return [name for name, places in PLACES.items() if any(place.is_relative_to(one) for one in places)]


def _marks_of_fixtures(item: pytest.Item) -> list[str]:
    asked = {*getattr(item, "fixturenames", ())}
    if isinstance(item, pytest.Function) and hasattr(item, "callspec"):
        asked.add(str(item.callspec.params.get("_store_kind")))
    return [mark for name, mark in FIXTURES.items() if name in asked]
