from __future__ import annotations

from dataclasses import replace

import pytest

from data.sources.checking import Checker
from data.sources.port import SceneSetAside, SourceFrame, SourceScene
from data.vocabulary import Pose, SeenBox

FRAMES = [SourceFrame(f"f{at}", at * 500_000, f"a/f{at}.jpg") for at in range(3)]
SCENE = SourceScene("s", "Drive 1", FRAMES)


def with_frame(**changes: object) -> SourceScene:
    return replace(SCENE, frames=[FRAMES[0], replace(FRAMES[1], **changes), FRAMES[2]])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("scene", "reason"),
    [
        (replace(SCENE, frames=[]), "It holds no frame."),
        (with_frame(key="f0"), "Two frames have the id 'f0'."),
        (with_frame(picture="a/f0.jpg"), "Two frames have the picture 'a/f0.jpg'."),
        (with_frame(picture="../f.jpg"), "The frame 'f1' names the picture '../f.jpg', which is not below"),
        (with_frame(picture="a\\f.jpg"), "which is not below its folder"),
        (with_frame(captured_at_us=-1), "The frame 'f1' was taken at -1 µs, which is no time."),
        (with_frame(captured_at_us=2_000_000), "Its clock runs backwards by 1.000 s at the frame 'f2'."),
        (with_frame(pose=Pose(float("nan"), 0, 0)), "has the pose Pose(x_m=nan"),
        (with_frame(boxes=[SeenBox("human", float("inf"), 0)]), "has a box that is none"),
        (with_frame(tags=("",)), "an empty or too long one"),
        (with_frame(tags=("a\0",)), "hold a character that no database takes"),
        (replace(SCENE, name="x" * 300), "Its id or its name is empty or too long"),
        (replace(SCENE, licence="x" * 300), "more than 255 characters"),
    ],
)
def test_a_scene_that_breaks_a_rule_is_set_aside_with_the_offending_value(
    scene: SourceScene, reason: str
) -> None:
    (found,) = Checker().checked([scene])
    assert isinstance(found, SceneSetAside)
    assert reason in found.reason


def test_the_scenes_around_one_that_is_set_aside_go_on() -> None:
    bad = replace(SCENE, key="t", frames=[replace(FRAMES[0], key="g", picture="/etc/passwd")])
    good = replace(SCENE, key="u", frames=[replace(FRAMES[0], key="h", picture="h.jpg")])
    found = list(Checker().checked([SCENE, bad, SCENE, SceneSetAside("cut", "It is cut."), good]))
    assert [one.reason for one in found if isinstance(one, SceneSetAside)] == [
        "The frame 'g' names the picture '/etc/passwd', which is not below its folder.",
        "Another scene has the id 's'.",
        "It is cut.",
    ]
    assert [one.key for one in found if isinstance(one, SourceScene)] == ["s", "u"]
