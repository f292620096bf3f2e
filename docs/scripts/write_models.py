"""Writes docs/reference/models.md from the profiles of models: `python docs/scripts/write_models.py`."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from data.images.model_picture import DEFAULT_WIDTH_PX, TOKEN_PX, model_size  # noqa: E402 - this checkout's own
from data.vlm.profiles import Family, Profile, Samplings, Thinking, model_profiles  # noqa: E402

PAGE = ROOT / "docs" / "reference" / "models.md"
INTRODUCTION = """# Models

What is known of the models that teletriage was written for: `data/vlm/profiles.yaml`, from which
`docs/scripts/write_models.py` writes this page; a test compares the two. Any other model with an OpenAI-compatible
endpoint can be asked as well. "Not known" means that no source was found, and nothing was guessed.

No model was run with its real weights, and none on a GPU. Each section says what was run instead.

`train` and `merge` take a folder of this machine and never download anything. `hf`, which comes with the `train` extra,
fetches one; for a gated model, accept its licence on the hub first:

```text
hf download Qwen/Qwen3-VL-2B-Instruct --local-dir models/Qwen3-VL-2B-Instruct
```

The commands below are for questions of one picture. `--limit-mm-per-prompt '{"image":3,"video":0}'` serves
`propose --frames 3`; with a lower number vLLM refuses each such request.

Leave `--reasoning-parser` out of every command: teletriage reads `<think>` itself, and a parser would suspend the reply
schema. `propose` samples a teacher as its makers do with a chain of thought; other roles answer greedily.
"""
_THINKING = {
    Thinking.QUESTION: "asked for in the question",
    Thinking.TEMPLATE_OFF: "a switch of its chat template, off by default; `propose` sets it",
    Thinking.TEMPLATE_ON: "a switch of its chat template, on by default; `propose` sets it",
}


def page() -> str:
    """The whole page as Markdown."""
    known = model_profiles()
    parts = [INTRODUCTION.strip()]
    for profile in known.profiles:
        parts += [f"## {profile.model}", _facts(profile, known.families[profile.family])]
        command = known.serve_command(profile)
        if command:
            parts.append(f"```text\n{_wrapped(command)}\n```")
        parts.append(_lists(profile))
    return "\n\n".join(parts) + "\n"


def _facts(profile: Profile, family: Family) -> str:
    serve = profile.serve
    memory = (
        f"{serve.gpu_memory_gb} GB, as its makers state" if serve and serve.gpu_memory_gb else "not known"
    )
    rows = {
        "Used as": " or ".join(profile.roles),
        "Architecture": f"`{profile.family}`",
        "A frame of 1600 x 900": _tokens(family),
        "Chain of thought": _THINKING[profile.thinking],
        "Sampling by its makers": _sampling(profile.sampling),
        "Trained on packed rows": _packs(family),
        "Served by": serve.needs if serve else "not known",
        "GPU memory": memory,
        "Licence": profile.licence + {True: ", gated", False: ", not gated", None: ""}[profile.gated],
    }
    return "\n".join(["| | |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in rows.items())])


def _tokens(family: Family) -> str:
    width, height = model_size(1600, 900, most_width_px=DEFAULT_WIDTH_PX)
    return (
        f"{width * height // TOKEN_PX**2} tokens: scaled to {width} x {height}, patches of {family.patch_px} pixels, "
        f"{family.merge} x {family.merge} to a token"
    )


def _sampling(sampling: Samplings | None) -> str:
    if sampling is None:
        return "not known"
    named = {"with a chain of thought": sampling.thinking, "without": sampling.plain}
    return "; ".join(
        f"{when} temperature {one.temperature:g}, top_p {one.top_p:g}, top_k {one.top_k}, presence penalty "
        f"{one.presence_penalty:g}"
        for when, one in named.items()
    )


def _packs(family: Family) -> str:
    return {True: "yes", False: f"no: {family.why_not}", None: "not tried"}[family.packs]


def _lists(profile: Profile) -> str:
    lines = [f"- Run: {'; '.join(profile.run) or 'nothing'}.", f"- Not run: {'; '.join(profile.not_run)}."]
    return "\n".join([*lines, *(f"- Source of {what}: {where}." for what, where in profile.sources.items())])


def _wrapped(command: str) -> str:
    """One option a line."""
    return command.replace(" --", " \\\n    --")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
