from __future__ import annotations

from data.frames.sampling import Sampled
from data.frames.sampling_report import sampling_report


def test_a_draw_is_told_in_cues_scenes_and_levels() -> None:
    drawn = Sampled(
        seed=3,
        asked={"train": 9, "held_out": 3},
        taken={"train": 9, "held_out": 3},
        scenes={"train": 3, "held_out": 1},
        cue_share_before={"construction": 0.1, "night": 0.25},
        cue_share_after={"construction": 0.315, "night": 0.25},
        split_by="official",
        thinned=1,
        frames_per_scene={"least": 1, "median": 3.5, "most": 5},
        expected_levels={"AUTONOMY": 0.7, "SUPERVISION": 0.25, "TELEOPERATION": 0.05},
    )
    assert sampling_report(drawn).splitlines() == [
        "cue                usable frames  drawn frames",
        "construction               10.0%         31.5%",
        "night                      25.0%         25.0%",
        "Split by official, seed 3. 1 to 5 frames of each of 4 scenes, 3.5 at the median. "
        "1 frame of a standing vehicle could not be drawn.",
        "Levels to expect by the recipe's planning values, not measured: "
        "AUTONOMY 70%, SUPERVISION 25%, TELEOPERATION 5%.",
    ]
