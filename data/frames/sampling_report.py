"""What a draw did, for reading: cues before and after, frames per scene, the levels to expect. Pure."""

from __future__ import annotations

from data.frames.draws import named_parted
from data.frames.sampling import Sampled
from data.text.phrases import counted


def sampling_report(drawn: Sampled) -> str:
    """The lines below the sentence that `teletriage sample` prints."""
    unknown = drawn.cue_unknown
    lines = [f"{'cue':18}{'usable frames':>14}{'drawn frames':>14}" + (f"{'unknown':>10}" if unknown else "")]
    lines += [
        f"{cue.replace('_', ' '):18}{_share(before):>14}{_share(drawn.cue_share_after.get(cue)):>14}"
        + (f"{_share(unknown.get(cue, 0.0)):>10}" if unknown else "")
        for cue, before in drawn.cue_share_before.items()
    ]
    if unknown:
        lines.append(
            "Shares are of the frames in which the cue could be looked for; unknown: of all usable frames."
        )
    lines += _data_sets(drawn)
    if drawn.linked_scenes:
        lines.append(
            f"{counted(drawn.linked_scenes, 'scene')} of several data sets show the same and stand on one side."
        )
    if drawn.left_out:
        lines.append(f"Left out: {named_parted(drawn.left_out)}")
    if drawn.tags_unseen:
        lines.append(f"No usable frame has these tags of the recipe: {', '.join(drawn.tags_unseen)}.")
    lines.append(f"Split by {drawn.split_by}, seed {drawn.seed}. {_scenes(drawn)}{_thinned(drawn)}")
    if drawn.expected_levels:
        mix = ", ".join(f"{level} {share:.0%}" for level, share in drawn.expected_levels.items())
        planned = ", and unknown cues taken for absent ones" if unknown else ""
        lines.append(f"Levels to expect by the recipe's planning values, not measured{planned}: {mix}.")
    return "\n".join(lines)


def _share(share: float | None) -> str:
    return "unknown" if share is None else f"{share:.1%}"


def _data_sets(drawn: Sampled) -> list[str]:
    """One line for each, where there are several or draws before this one."""
    if len(drawn.data_sets) < 2 and not any(drawn.earlier.values()):  # noqa: PLR2004
        return []
    return [
        f"{name}: {n['train']:,} to train on and {n['held_out']:,} held out of {counted(n['usable'], 'usable frame')}."
        for name, n in drawn.data_sets.items()
    ]


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
