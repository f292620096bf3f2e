"""How fast and in how much memory: our packed rows beside stock TRL, attention's kernels, and the loader."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import product
from statistics import median
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from tests.gpu.exactness import ALL_ONE
from tests.gpu.setting import ON_GPU, Setting, a_batch, a_trainer, freed, perturb, step
from training.plan.estimate import run_bytes, training_flop
from training.plan.inputs import CheckedInputs
from training.trainer.reference_cache import ReferenceCache, reference_keys

PEAKS = {"H200": 989e12, "H100": 989e12, "A6000": 154.8e12}
"""bf16 FLOP/s without sparsity, as the data sheets say."""
WARM_UP, TIMED = 2, 5
SHORTEST_S = 10.0
"""An arm is not begun with less time left."""
ESTIMATE_HOLDS = 1.1
"""Measured memory may be this much above what the plan estimates."""
Measured = tuple[dict[str, Any], dict[str, bool]]


def speed(setting: Setting, seconds_left: Callable[[], float]) -> Measured:
    """Pairs a second of stock, of ours in a first epoch and of ours with the reference kept."""
    arms: dict[str, dict[str, Any]] = {}
    left_out: list[str] = []
    for recompute, stock in product((False, True), (True, False)):
        with freed():
            _sizes(
                setting,
                recompute=recompute,
                stock=stock,
                arms=arms,
                left_out=left_out,
                seconds_left=seconds_left,
            )
    measured = [arm for arm in arms.values() if "peak_gib" in arm and "estimated_gib" in arm]
    rules = {"at least one arm of ours is timed": any("reference kept" in name for name in arms)}
    if ON_GPU:
        rules[f"memory within {ESTIMATE_HOLDS} times the plan's estimate"] = all(
            arm["peak_gib"] <= ESTIMATE_HOLDS * arm["estimated_gib"] for arm in measured
        )
    return {"arms": arms, "left_out": left_out, "ratio": _ratio(arms)}, rules


def _sizes(
    setting: Setting,
    *,
    recompute: bool,
    stock: bool,
    arms: dict[str, dict[str, Any]],
    left_out: list[str],
    seconds_left: Callable[[], float],
) -> None:
    """One trainer with batches of several sizes."""
    inputs = setting.inputs("speed", runtime__precision=_precision(), **ALL_ONE)
    trainer = a_trainer(inputs, setting.folder / "speed", stock=stock, pairs_at_once=1, recompute=recompute)
    perturb(trainer)
    for pairs in (1, 2) if setting.small else (1, 2, 4, 8):
        name = f"{'stock' if stock else 'packed'} {pairs} at once{' recomputed' if recompute else ''}"
        if seconds_left() < SHORTEST_S:
            left_out.append(name)
            continue
        try:
            arms |= _arms(setting, inputs, trainer, name, pairs=pairs, recompute=recompute, stock=stock)
        except torch.OutOfMemoryError:
            arms[name] = {"out_of_memory": True}
    if not stock and not recompute:
        arms["packed 1 at once"] |= {
            "optimizer_ms": _optimizers(trainer),
            "loader_ms_per_pair": _loader_ms(trainer),
        }


def _arms(
    setting: Setting,
    inputs: CheckedInputs,
    trainer: Any,
    name: str,
    *,
    pairs: int,
    recompute: bool,
    stock: bool,
) -> dict[str, dict[str, Any]]:
    batch = a_batch(trainer, pairs)
    flop = training_flop(inputs.dimensions, inputs.tokens.typical, recompute=False)
    if stock:
        return {name: _timed(trainer, batch, pairs, flop)}
    estimated = run_bytes(
        inputs.dimensions,
        inputs.tokens.largest,
        adapter_parameters=inputs.adapter.parameters,
        pairs_at_once=pairs,
        bytes_per_weight=2 if _precision() == "bf16" else 4,
        recompute=recompute,
    )
    trainer.reference_cache = None
    first = _timed(trainer, batch, pairs, flop) | {"estimated_gib": round(estimated / 2**30, 3)}
    kept = setting.folder / f"{name}.jsonl"
    trainer.reference_cache = ReferenceCache(kept, reference_keys(inputs.pairs, setting={}))
    return {name: first, f"{name}, reference kept": _timed(trainer, batch, pairs, flop)}


def _precision() -> str:
    return "bf16" if ON_GPU else "fp32"


def _timed(trainer: Any, batch: Any, pairs: int, flop: float) -> dict[str, Any]:
    if ON_GPU:
        torch.cuda.reset_peak_memory_stats()
    seconds = []
    for _ in range(WARM_UP + TIMED):
        begun = now()
        step(trainer, batch)
        seconds.append(now() - begun)
    middle = median(seconds[WARM_UP:])
    found: dict[str, Any] = {
        "pairs_per_s": round(pairs / middle, 3),
        "ms_per_pair": round(1000 * middle / pairs, 2),
        "hours_for_19000_pairs": round(19_000 * middle / pairs / 3600, 3),
    }
    if ON_GPU:
        found["peak_gib"] = round(torch.cuda.max_memory_allocated() / 2**30, 3)
        peak = next((one for name, one in PEAKS.items() if name in torch.cuda.get_device_name()), None)
        found["mfu"] = round(flop * pairs / middle / peak, 3) if peak else None
    return found


def now() -> float:
    """Seconds, once the GPU is done."""
    if ON_GPU:
        torch.cuda.synchronize()
    return time.perf_counter()


def _optimizers(trainer: Any) -> dict[str, float]:
    """Milliseconds of one update of the adapter by AdamW, as recipes use it and fused."""
    parameters = [p for p in trainer.model.parameters() if p.requires_grad]
    found = {}
    for name, fused in (("adamw_torch", False), ("adamw_torch_fused", True)):
        optimizer = torch.optim.AdamW(parameters, lr=0.0, fused=fused)
        optimizer.step()
        begun = now()
        for _ in range(TIMED):
            optimizer.step()
        found[name] = round(1000 * (now() - begun) / TIMED, 3)
    return found


def _loader_ms(trainer: Any) -> float:
    """Milliseconds of one core to turn a pair of the snapshot into tensors, its picture scaled."""
    begun = time.process_time()
    for index in range(TIMED):
        trainer.data_collator([trainer.train_dataset[index]])
    return round(1000 * (time.process_time() - begun) / TIMED, 1)


def _ratio(arms: dict[str, dict[str, Any]]) -> dict[str, float]:
    """The fastest of ours over the fastest of stock's, in a first epoch and later."""
    fastest: dict[str, float] = {}
    for name, arm in arms.items():
        kind = "later" if "reference kept" in name else name.split()[0]
        fastest[kind] = max(fastest.get(kind, 0.0), arm.get("pairs_per_s", 0.0))
    stock = fastest.get("stock", 0.0)
    return {
        kind: round(fastest[kind] / stock, 3) for kind in ("packed", "later") if kind in fastest and stock
    }


def kernels(setting: Setting) -> Measured:
    """Which kernels attention runs in a packed step, their share of it, and the step with others forced."""
    inputs = setting.inputs("kernels", runtime__precision=_precision(), **ALL_ONE)
    trainer = a_trainer(inputs, setting.folder / "kernels", stock=False, pairs_at_once=1)
    perturb(trainer)
    batch = a_batch(trainer, 1)
    found = {"step": _profiled(trainer, batch)}
    forced = (SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH, SDPBackend.CUDNN_ATTENTION)
    for backend in forced if ON_GPU else (SDPBackend.MATH,):
        found[backend.name] = _with_backend(trainer, batch, backend)
    return found, {"attention is seen in the profile": bool(found["step"]["attention"])}


def _with_backend(trainer: Any, batch: Any, backend: SDPBackend) -> dict[str, Any]:
    """The vision tower has no mask and keeps flash attention, which is allowed beside the backend that is forced."""
    try:
        with sdpa_kernel([SDPBackend.FLASH_ATTENTION, backend]):
            return _timed(trainer, batch, 1, 0.0)
    except RuntimeError as error:
        return {"refused": str(error).splitlines()[0]}


def _profiled(trainer: Any, batch: Any) -> dict[str, Any]:
    from torch.profiler import ProfilerActivity, profile

    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if ON_GPU else [])]
    step(trainer, batch)
    with profile(activities=activities) as profiler:
        step(trainer, batch)
    device = "self_device_time_total" if ON_GPU else "self_cpu_time_total"
    spent = {event.key: float(getattr(event, device)) for event in profiler.key_averages()}
    total = sum(spent.values()) or 1.0
    names = ("attention", "flash", "fmha", "sdpa")
    attention = {
        name: round(us / total, 4) for name, us in spent.items() if any(one in name.lower() for one in names)
    }
    largest = sorted(attention.items(), key=lambda item: -item[1])[:6]
    return {
        "attention": {name[:90]: share for name, share in largest},
        "share": round(sum(attention.values()), 4),
    }
