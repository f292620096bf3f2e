"""`teletriage train` and `merge` as a user runs them: whole twice, killed and resumed, merged and loaded again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from safetensors.torch import load_file

from tests.gpu.setting import ON_GPU, Setting, a_batch, a_trainer, freed
from tests.repository import ROOT
from training.merge import merge
from training.models.folder import load_model

STEPS, SAVED_AT = 8, 4
Measured = tuple[dict[str, Any], dict[str, bool]]


def runs(setting: Setting) -> Measured:
    """The largest difference between adapters: of two whole runs, and of one that was killed and resumed.

    On a GPU also of a deterministic recipe, which must leave none.
    """
    found = {"as_shipped": _compared(setting, deterministic=False)}
    rules = {"the killed run resumes and ends": True}
    if ON_GPU:
        found["deterministic"] = _compared(setting, deterministic=True)
        exact, noise = found["deterministic"], found["as_shipped"]
        rules["a deterministic run that was killed ends with the same bits"] = exact["resumed"] == 0.0
        rules["a resumed run differs no more than two whole ones do, times four"] = noise[
            "resumed"
        ] <= 4 * max(noise["again"], 1e-6)
    else:
        rules["a run that was killed ends with the same bits"] = found["as_shipped"]["resumed"] == 0.0
    return found, rules


def _compared(setting: Setting, *, deterministic: bool) -> dict[str, Any]:
    changed: dict[str, Any] = {
        "schedule__max_steps": STEPS,
        "schedule__epochs": STEPS,
        "batch__pairs_per_update": 8,
        "runtime__save_every_steps": SAVED_AT,
        "runtime__deterministic": deterministic,
        "runtime__log_every_steps": 1,
    }
    kind = "exact" if deterministic else "plain"
    recipe = setting.recipe(f"runs-{kind}", **changed)
    whole, again, killed = (setting.folder / f"{kind}-{name}" for name in ("whole", "again", "killed"))
    begun = time.monotonic()
    _train(setting, recipe, whole)
    seconds = time.monotonic() - begun
    if not deterministic:
        _train(setting, recipe, again)
    _kill_after_checkpoint(setting, recipe, killed)
    _train(setting, recipe, killed, "--resume")
    return {
        **({} if deterministic else {"again": _difference(whole, again)}),
        "resumed": _difference(whole, killed),
        "seconds": round(seconds, 1),
    }


def _command(setting: Setting, recipe: Path, out: Path, *more: str) -> list[str]:
    return [
        *(sys.executable, "-m", "annotator", "train", "--snapshot", str(setting.snapshot)),
        *("--recipe", str(recipe), "--model", str(setting.model), "--out", str(out), *more),
    ]


def _train(setting: Setting, recipe: Path, out: Path, *more: str) -> None:
    done = subprocess.run(
        _command(setting, recipe, out, *more),
        cwd=ROOT,
        env=_offline(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"train ended with {done.returncode}: {done.stderr[-2000:]}")


def _kill_after_checkpoint(setting: Setting, recipe: Path, out: Path) -> None:
    """SIGKILL as soon as the checkpoint is sealed."""
    seal = out / "checkpoints" / f"checkpoint-{SAVED_AT}" / "provenance.json"
    with subprocess.Popen(
        _command(setting, recipe, out),
        cwd=ROOT,
        env=_offline(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        while process.poll() is None and not seal.is_file():
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    if not seal.is_file():
        raise RuntimeError("train ended before its checkpoint")


def _offline() -> dict[str, str]:
    return os.environ | {"HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)}


def _difference(one: Path, other: Path) -> float:
    first, second = (load_file(folder / "adapter_model.safetensors") for folder in (one, other))
    return max(float((first[name] - second[name]).abs().max()) for name in first)


def merging(setting: Setting, adapter: Path) -> Measured:
    """The merged model in bfloat16, loaded again, beside base and adapter in float32 and in bfloat16."""
    merged = setting.folder / "merged"
    begun = time.monotonic()
    merge(adapter, setting.model, merged)
    seconds = time.monotonic() - begun
    logits = {}
    for name, dtype, folder in (
        ("float32", torch.float32, setting.model),
        ("bfloat16", torch.bfloat16, setting.model),
        ("merged", torch.bfloat16, merged),
    ):
        with freed():
            logits[name] = _logits(setting, folder, dtype, adapter if name != "merged" else None)
    found = {name: _beside(one, logits["float32"]) for name, one in logits.items() if name != "float32"}
    configuration = json.loads((merged / "config.json").read_text(encoding="utf-8"))
    dtypes = {
        part.get("dtype") for part in (configuration, *configuration.values()) if isinstance(part, dict)
    } - {None}
    modes = {oct(path.stat().st_mode & 0o777) for path in merged.rglob("*") if path.is_file()}
    rules = {
        "merged logits no farther from float32 than 1.5 times unmerged bfloat16": (
            found["merged"]["kl"] <= 1.5 * found["bfloat16"]["kl"] + 1e-6
        ),
        "all parts of the merged configuration say bfloat16": dtypes == {"bfloat16"},
        "another account can read the merged files": modes == {"0o644"},
    }
    return {**found, "seconds": round(seconds, 1)}, rules


def _logits(setting: Setting, folder: Path, dtype: torch.dtype, adapter: Path | None) -> torch.Tensor:
    """Of the answers' tokens of one packed pair, float32 on the CPU."""
    model: Any = load_model(folder, dtype=dtype)
    if adapter is not None:
        model = PeftModel.from_pretrained(model, str(adapter))
    model = model.to("cuda" if ON_GPU else "cpu").eval()
    inputs = setting.inputs("merging", runtime__precision="fp32")
    rows = a_trainer(inputs, setting.folder / "merging", stock=True, pairs_at_once=1)
    batch = a_batch(rows, 1)
    answer = batch.pop("completion_mask").bool().cpu()
    del rows
    with torch.no_grad():
        given = {name: value.to(model.device) for name, value in batch.items() if torch.is_tensor(value)}
        given["pixel_values"] = given["pixel_values"].to(dtype)
        return torch.as_tensor(model(**given, use_cache=False).logits.float().cpu()[answer])


def _beside(logits: torch.Tensor, truth: torch.Tensor) -> dict[str, float]:
    expected, got = truth.log_softmax(-1), logits.log_softmax(-1)
    return {
        "max_difference": float((logits - truth).abs().max()),
        "same_argmax": float((logits.argmax(-1) == truth.argmax(-1)).float().mean()),
        "kl": float((expected.exp() * (expected - got)).sum(-1).mean()),
    }
