"""The paper's Table 1 in miniature: what arms learn about drawn roads whose posterior is known, on a CPU.

`make bench-sa-dpo`; one JSON object on the last line. Draws 3,000 roads once and keeps them, asks the kept miniature
about them through `stand-in serve`, freezes what people said, trains every arm with three seeds through `compare`, and
judges 500 held-out roads on streets of their own. `bench-output/sa-dpo/` holds the comparison and a report of the first
seed's models; a run that was interrupted goes on where it was. `--fresh` begins anew and keeps the pictures.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import numpy as np
import yaml  # type: ignore[import-untyped]  # PyYAML ships no types

from data.demo.miniature.frames import WIDTH_PX, draw_frames
from data.demo.miniature.roads import HELD_OUT, Road, posterior, road
from eval.arms.figures import AT, RunFigures, run_figures
from eval.arms.folder import Arms, read_arms
from eval.arms.report import compare_arms, comparison_lines
from eval.metrics.answers import Answers
from tests.benchmarks.miniature_arms import ARMS, BASELINE, REPORTED, TRIED
from tests.benchmarks.miniature_store import miniature_store
from tests.repository import ROOT
from training.miniature.build import KEPT, keep_adapter
from training.recipe import shipped_recipes

ROADS, SEEDS = 3_000, 3
_COMMAND = [sys.executable, "-m", "annotator"]


def bench(out: Path, *, roads: int = ROADS, seeds: int = SEEDS, only: Sequence[str] = ()) -> dict[str, Any]:
    """Run what `out` does not hold yet; every arm, or `only` some."""
    workspace, snapshot, arms = out / "workspace", out / "snapshot", out / "comparison"
    if not snapshot.is_dir():
        freeze(out, [road(number) for number in range(roads)])
    chosen = [write_recipe(out / "recipes", name) for name in only or ARMS]
    _teletriage(
        workspace, "compare", *chosen, "--snapshot", snapshot, "--model", KEPT, "--out", arms,
        "--seeds", seeds, "--baseline", BASELINE if not only else only[0],
    )  # fmt: skip
    held_out = [road(number) for number in range(min(roads, HELD_OUT))]
    found = figures(read_arms(arms), held_out)
    if not (out / "report").is_dir() and not only:
        report(out, held_out)
    return found


def freeze(out: Path, drawn: Sequence[Road]) -> None:
    """A snapshot of roads that people judged, and the student too."""
    workspace = out / "workspace"
    shutil.rmtree(workspace, ignore_errors=True)
    miniature_store(workspace, drawn, draw_frames(drawn, out / "frames")).close()
    with _served(KEPT) as address:
        _ask(workspace, "student", address, "--model", "miniature", "--revision", "kept")
    _teletriage(workspace, "snapshot", out / "snapshot", "--development", "0.1")


def report(out: Path, held_out: Sequence[Road]) -> None:
    """`teletriage evaluate` on the first seed's models, asked about the held-out roads as any model is asked."""
    workspace = out / "report-workspace"
    shutil.rmtree(workspace, ignore_errors=True)
    miniature_store(workspace, held_out, draw_frames(held_out, out / "frames")).close()
    with _served(KEPT) as address:
        _ask(
            workspace, "student", address, "--model", "miniature", "--revision", "kept", "--name", "zero_shot"
        )
    for arm in REPORTED:
        merged = out / "merged" / f"miniature-{arm}"
        shutil.rmtree(merged, ignore_errors=True)
        adapter = out / "comparison" / arm / "seed-1" / "adapter"
        _teletriage(
            workspace, "merge", "--adapter", adapter, "--model", KEPT, "--out", merged, "--dtype", "float32"
        )
        with _served(merged) as address:
            _ask(workspace, "aligned", address, "--weights", merged, "--name", arm)
    _teletriage(workspace, "evaluate", "--out", out / "report")


def keep(out: Path, arm: str) -> None:
    """The first adapter of an arm, which must be watched, as the aligned miniature with a decision of its own."""
    adapter = out / "comparison" / arm / "seed-1" / "adapter"
    _teletriage(out / "workspace", "decide", "--model", adapter, "--snapshot", out / "snapshot")
    keep_adapter(adapter)


def write_recipe(folder: Path, name: str) -> Path:
    """An arm's recipe: a shipped one with the arm's keys, at the miniature's size."""
    shipped, keys = {**ARMS, **TRIED}[name]
    fields = yaml.safe_load(shipped_recipes()[shipped].read_text(encoding="utf-8"))
    for key, value in deepcopy(
        {"name": name, **keys}
    ).items():  # arms share sections, and an inner key changes one
        section, _, inner = key.partition(".")
        if inner:
            fields[section][inner] = value
        else:
            fields[section] = value
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(fields, sort_keys=False), encoding="utf-8")
    return path


def figures(arms: Arms, held_out: Sequence[Road]) -> dict[str, Any]:
    """The bench's figures: of each arm, of the posterior that levels were drawn from, and the differences."""
    found = compare_arms(arms, baseline=BASELINE if BASELINE in arms else None)
    print(comparison_lines(found), file=sys.stderr)
    limit = run_figures(_posterior(next(iter(arms.values()))[0], held_out))
    return {
        "arms": {arm.name: _arm(arm.runs) for arm in found.arms} | {"posterior": _arm([limit])},
        "differences": [json.loads(one.model_dump_json()) for one in found.differences],
    }


def _arm(runs: Sequence[RunFigures]) -> dict[str, Any]:
    """Counts of each seed, and the means of what is a share."""
    at = f"{AT:.2f}"
    means = {name: _mean(runs, name) for name in ("false_t", "accuracy", "macro_f1", "auc_t")}
    return {
        "missed_t": [run.missed_t for run in runs],
        "n_t": runs[0].n_t,
        "under_escalation": [run.under_escalation for run in runs],
        "missed_t_at_false_t_05": [run.missed_t_at[at] for run in runs],
        "macro_f1_by_seed": [round(run.macro_f1, 4) for run in runs],
        **means,
        "seeds": len(runs),
    }


def _mean(runs: Sequence[RunFigures], name: str) -> float:
    return round(float(np.mean([getattr(run, name) for run in runs])), 4)


def _posterior(like: Answers, held_out: Sequence[Road]) -> Answers:
    """What nobody can beat on average: the posterior itself as a model, on the same frames in the same order."""
    ordered = sorted(held_out, key=lambda one: one.number)
    probabilities = np.array([posterior(one.situation) for one in ordered])
    return Answers(
        name="posterior", true=like.true, said=probabilities.argmax(axis=1), scene=like.scene,
        scenes=like.scenes, probabilities=probabilities,
    )  # fmt: skip


@contextmanager
def _served(model: Path) -> Iterator[str]:
    """A miniature behind an endpoint until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [*_COMMAND, "stand-in", "serve", "--model", model, "--port", str(port)], cwd=ROOT
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/health", server)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        server.wait()


def _wait_for(address: str, server: subprocess.Popen[bytes], within_s: float = 120.0) -> None:
    until = time.monotonic() + within_s
    while server.poll() is None and time.monotonic() < until:
        try:
            urlopen(address, timeout=1).close()  # noqa: S310 - an address of this machine
            return
        except (URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError("the miniature's server did not start")


def _ask(workspace: Path, role: str, address: str, *named: str | Path) -> None:
    _teletriage(
        workspace, "propose", "--role", role, "--endpoint", address, *named, "--width", WIDTH_PX, "--max-tokens", 64,
    )  # fmt: skip


def _teletriage(workspace: Path, *words: object) -> None:
    command = [*_COMMAND, "--workspace", str(workspace), *map(str, words)]
    subprocess.run(command, check=True, cwd=ROOT, stdout=sys.stderr)


def _cpu_minutes() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return round(sum(one.ru_utime + one.ru_stime for one in used) / 60, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "bench-output" / "sa-dpo")
    parser.add_argument("--seeds", type=int, default=int(os.environ.get("SEEDS", SEEDS)))
    parser.add_argument("--only", nargs="*", default=[], choices=[*ARMS, *TRIED], help="Some arms alone.")
    parser.add_argument("--fresh", action="store_true", help="Begin anew; the pictures are kept.")
    parser.add_argument(
        "--keep",
        choices=[*ARMS, *TRIED],
        help="Put this arm's first adapter and a decision fitted for it beside the kept miniature, and end.",
    )
    asked = parser.parse_args()
    if asked.keep:
        keep(asked.out.resolve(), asked.keep)
        return
    if asked.fresh:
        for name in ("workspace", "snapshot", "comparison", "recipes", "report"):
            shutil.rmtree(asked.out / name, ignore_errors=True)
    found = bench(asked.out.resolve(), seeds=asked.seeds, only=asked.only)
    print(json.dumps({**found, "cpu_minutes": _cpu_minutes()}))


if __name__ == "__main__":
    main()
