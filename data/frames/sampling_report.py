"""What a draw did, for reading: cues before and after, frames per scene, the levels to expect. Pure."""

from __future__ import annotations

from data.frames.sampling import Sampled
from data.text.phrases import counted


def sampling_report(drawn: Sampled) -> str:
    """The lines below the sentence that `teletriage sample` prints."""
    lines = [f"{'cue':18}{'usable frames':>14}{'drawn frames':>14}"]
    lines += [
        f"{cue.replace('_', ' '):18}{before:>14.1%}{drawn.cue_share_after.get(cue, 0.0):>14.1%}"
        for cue, before in drawn.cue_share_before.items()
    ]
    lines.append(f"Split by {drawn.split_by}, seed {drawn.seed}. {_scenes(drawn)}{_thinned(drawn)}")
    if drawn.expected_levels:
        mix = ", ".join(f"{level} {share:.0%}" for level, share in drawn.expected_levels.items())
        lines.append(f"Levels to expect by the recipe's planning values, not measured: {mix}.")
    return "\n".join(lines)


def _scenes(drawn: Sampled) -> str:
    per_scene = drawn.frames_per_scene
    if not per_scene:
        return "No frame was drawn."
    return (
        f"{per_scene['least']:g} to {per_scene['most']:g} frames of each of "
        f"{counted(sum(drawn.scenes.values()), 'scene')}, {per_scene['median']:g} at the median."
    )


def _thinned(drawn: Sampled) -> str:
    if not drawn.thinned:
        return ""
    return f" {counted(drawn.thinned, 'frame')} of a standing vehicle could not be drawn."
