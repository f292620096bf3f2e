"""`make soak`: load and faults for as long as is asked for; the last line is one JSON object.

Twenty minutes bring 200 kills, 1,000 power cuts of each kind, 1,000 changes past the app on each database, a database
gone for 30 s, strangers who do all they can to an annotator at work, and crowds of 50 people at 2 s of thinking for the
rest of the time; less time brings proportionally fewer kills, cuts and changes, more time more crowds.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from data.store.opening import Store, open_store
from tests.benchmarks.bench_store import fill
from tests.faults import crowd, outages, power_cuts
from tests.faults.kills import POINTS
from tests.faults.small_disk import NoSmallDisk
from tests.faults.strangers import strangers
from tests.faults.tampering import tampered
from tests.postgresql import BIN, MISSING, Cluster

FULL_MINUTES, KILLS, CUTS, CHANGES, GONE_S = 20, 200, 1000, 1000, 30.0
PEOPLE, DECISIONS, THINK_S = 50, 40, 2.0
LOSSES = (
    *("lost", "doubled", "unasked", "damages", "stale_statuses", "not_killed", "not_opened", "not_a_state"),
    *("commits_lost", "over_held", "slow_under_attack", "unnoticed"),
)


def say(what: str, figures: dict[str, Any]) -> dict[str, Any]:
    """Progress on stderr; stdout ends with the one JSON object."""
    print(what, json.dumps(figures), file=sys.stderr, flush=True)
    return figures


def one_crowd(store: Store, chosen: argparse.Namespace) -> dict[str, Any]:
    fill(store, (2 * chosen.decisions + crowd.HELD) * chosen.people)
    seen = crowd.work(store, people=chosen.people, decisions=chosen.decisions, think_s=chosen.think_s)
    figures = seen.figures(store)
    store.close()
    rss_mb = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
    over = max(0, figures["most_leases_of_one_person"] - crowd.HELD)
    return {**figures, "over_held": over, "peak_rss_mb": rss_mb}


def killed(folder: Path, url: str | None, number: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.faults.kills", str(folder), "--kills", str(number)]
    done = subprocess.run(
        [*command, *(["--url", url] if url else [])], check=True, capture_output=True, text=True
    )
    return dict(json.loads(done.stdout))


def faults(folder: Path, cluster: Cluster | None, scale: float) -> dict[str, Any]:
    """Every fault once, in numbers by scale (1.0: the full ones)."""
    changes = max(60, round(CHANGES * scale))
    number, cuts = max(len(POINTS), round(KILLS / 2 * scale)), max(20, round(CUTS * scale))
    found = {
        "kills_sqlite": say("kills", killed(folder / "kills", None, number)),
        "power_cuts_journal": say("cuts", power_cuts.cut_journals(folder / "journal", cuts)),
        "power_cuts_wal": say("cuts", power_cuts.cut_logs(folder / "wal", cuts)),
        "tampering_sqlite": say("tampering", tampered(folder / "tampered", None, changes)),
        "strangers": say("strangers", strangers(folder / "strangers")),
        "full_disk": say("disk", outages.full_disk(folder / "full")),
    }
    if cluster is not None:
        (folder / "kills-pg").mkdir()
        url = cluster.bare_database()
        tampered_url = cluster.new_database()
        found["tampering_postgresql"] = say(
            "tampering", tampered(folder / "tampered-pg", tampered_url, changes)
        )
        found["kills_postgresql"] = say("kills", killed(folder / "kills-pg", url, number))
        gone_s = max(2.0, GONE_S * scale)
        gone = outages.database_gone(cluster, gone_s=gone_s, people=20, decisions=20, think_s=THINK_S)
        found["database_gone"] = say("gone", gone)
        found |= full_disks()
    return found


def full_disks() -> dict[str, Any]:
    """PostgreSQL's disks filled, where disks can be mounted for it."""
    try:
        return {
            "full_data_disk": say("disk", outages.full_data_disk()),
            "full_log_disk": say("disk", outages.full_log_disk()),
        }
    except NoSmallDisk as problem:
        print(problem, file=sys.stderr)
        return {}


def crowds(
    folder: Path, cluster: Cluster | None, until_s: float, chosen: argparse.Namespace
) -> dict[str, Any]:
    """Crowds on either database in turn until the time is over, one on each at least."""
    rounds: dict[str, list[dict[str, Any]]] = {"sqlite": [], "postgresql": []}
    kinds = ["sqlite", *(["postgresql"] if cluster else [])]
    while not all(rounds[kind] for kind in kinds) or time.monotonic() < until_s:
        for kind in kinds:
            place = folder / f"crowd-{len(rounds[kind])}"
            url = cluster.bare_database() if kind == "postgresql" and cluster else None
            store = open_store(place, url=url, create=True)
            rounds[kind].append(say(kind, one_crowd(store, chosen)))
            if url and cluster:
                cluster.drop(url)
    return {kind: _together(rounds[kind]) for kind in kinds}


def _together(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Several crowds in one: sums of what went wrong, the worst of the waits."""
    sums = {name: sum(one[name] for one in rounds) for name in ("acknowledged", "refused", "retries")}
    losses = {name: sum(one[name] for one in rounds) for name in LOSSES if name in rounds[0]}
    waits = {f"worst_{name}": max(one[name] for one in rounds) for name in ("p50_ms", "p95_ms", "p99_ms")}
    growth = 100 * (rounds[-1]["peak_rss_mb"] / rounds[0]["peak_rss_mb"] - 1)
    failures = [failure for one in rounds for failure in one["failures"]]
    return {
        "rounds": len(rounds),
        **sums,
        **losses,
        **waits,
        "most_leases_of_one_person": max(one["most_leases_of_one_person"] for one in rounds),
        "rss_growth_percent": round(growth, 1),
        "failures": failures,
    }


def total_losses(found: dict[str, Any]) -> int:
    """Everything that must be zero, added up."""
    parts = [part for part in found.values() if isinstance(part, dict)]
    return sum(int(part.get(name, 0)) for part in parts for name in LOSSES) + sum(
        len(part.get("failures", [])) for part in parts
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=FULL_MINUTES)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--decisions", type=int, default=DECISIONS)
    parser.add_argument("--think-s", type=float, default=THINK_S)
    chosen = parser.parse_args()
    begun = time.monotonic()
    cluster = Cluster(durable=True) if BIN is not None else None
    if cluster is None:
        print(MISSING, file=sys.stderr)
    try:
        with tempfile.TemporaryDirectory(prefix="soak-") as folder:
            scale = min(1.0, chosen.minutes / FULL_MINUTES)
            found = faults(Path(folder), cluster, scale)
            found |= crowds(Path(folder), cluster, begun + 60 * chosen.minutes, chosen)
    finally:
        if cluster is not None:
            cluster.remove()
    losses = total_losses(found)
    asked = {"people": chosen.people, "decisions_each": chosen.decisions, "think_s": chosen.think_s}
    figures = {"minutes": round((time.monotonic() - begun) / 60, 1), **asked, **found, "losses": losses}
    print(json.dumps({**figures, "load_average": round(os.getloadavg()[0], 1)}))
    return 1 if losses else 0


if __name__ == "__main__":
    sys.exit(main())
