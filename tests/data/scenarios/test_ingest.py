from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from data.errors import ScenarioError
from data.frames.origins import origin_of, source_scenes
from data.hashing import file_hash
from data.images.clips import read_frames, write_clip
from data.scenarios.ingest import TakenIn, take_in
from data.scenarios.outputs import find_outputs
from data.scenarios.plan_folder import PLAN, read_plan
from data.scenarios.run_script import SUMS
from data.store.opening import Store
from data.store.tables import Frame, FrameStatus, GeneratedClip, GeneratedFrame, Review, SampledFrame, Scene
from data.vocabulary import Split, VerificationState
from tests.builders import a_token
from tests.data.scenarios.builders import a_plan, a_street, generate, reseal


def taken(store: Store, outputs: Path, **more: object) -> TakenIn:
    return take_in(store, outputs, outputs.parent.parent / "workspace", **more)  # type: ignore[arg-type]


def made_in(session: Session) -> list[Frame]:
    query = select(Frame).join(GeneratedFrame, col(GeneratedFrame.frame_id) == Frame.id)
    return list(session.exec(query.order_by(Frame.scene_id, col(Frame.position))))


def the_clip(outputs: Path) -> Path:
    (clip,) = [path for path in outputs.glob("*.mp4") if "_control_" not in path.name]
    return clip


def test_outputs_become_generated_frames_beside_their_sources(store: Store, outputs: Path) -> None:
    done = taken(store, outputs)
    assert (done.clips, done.frames, done.by_split) == (1, 8, {"train": 8})
    assert (done.skipped, done.refused, done.not_generated) == (1, {}, [])
    (spec,) = read_plan(outputs.parent).transfers.values()
    with store.read() as session:
        clip = session.exec(select(GeneratedClip)).one()
        frames = session.exec(select(Frame).where(Frame.scene_id == clip.scene_id)).all()
        origin = origin_of(session, frames[3].id)
        assert origin is not None
        assert (clip.seed, clip.model, clip.scenario) == (spec.seed, "nvidia/Cosmos-Transfer2.5-2B", "fog")
        assert clip.spec == spec.as_json()
        assert clip.output_sha256 == file_hash(the_clip(outputs))
        assert origin.source.id == a_token(f"frame-{origin.source_scene.name}-3")
        assert [frame.position for frame in frames] == list(range(8))
        assert origin_of(session, origin.source.id) is None


def test_a_generated_scene_stands_on_the_side_of_its_source(store: Store, outputs: Path) -> None:
    taken(store, outputs)
    with store.read() as session:
        ((made, source),) = source_scenes(session).items()
        scenes = [session.get_one(Scene, one) for one in (made, source)]
        sides = {session.get_one(SampledFrame, frame.id).split for frame in made_in(session)}
    assert [scene.split for scene in scenes] == [Split.TRAIN, Split.TRAIN]
    assert sides == {Split.TRAIN}
    assert scenes[0].name.startswith(f"{scenes[1].name} generated ")


def test_no_level_is_inherited_and_light_and_weather_are_measured_anew(store: Store, outputs: Path) -> None:
    taken(store, outputs)
    with store.read() as session:
        made = made_in(session)
        statuses = [session.get(FrameStatus, frame.id) for frame in made]
        assert session.exec(select(Review)).first() is None
    assert statuses == [None] * 8  # the teacher has not been asked about them yet
    assert all(frame.pixels and frame.pixels["black_level"] > 100 for frame in made)


def test_cues_of_the_geometry_are_kept_and_say_so(store: Store, tmp_path: Path) -> None:
    with store.write() as session:
        for frame in session.exec(select(Frame)):
            frame.cues = {"pedestrian_near": "2 near the driven path"}
            session.add(frame)
    a_plan(store, tmp_path / "plan", "night_pedestrian")
    taken(store, generate(tmp_path / "plan"))
    with store.read() as session:
        made = made_in(session)
    assert {frame.cues["pedestrian_near"] for frame in made} == {
        "as in the source frame: 2 near the driven path"
    }
    assert all(frame.cues["night"].startswith("median brightness") for frame in made)


def test_held_out_clips_are_reviewed_blind_like_any_held_out_frame(store: Store, tmp_path: Path) -> None:
    a_plan(store, tmp_path / "plan", split=Split.HELD_OUT)
    done = taken(store, generate(tmp_path / "plan"))
    assert done.by_split == {"held_out": 8}
    with store.read() as session:
        made = [session.get_one(FrameStatus, frame.id) for frame in made_in(session)]
    assert [(one.split, one.state, one.reviews_needed) for one in made] == [
        (Split.HELD_OUT, VerificationState.AWAITING, 2)
    ] * 8


def test_taking_in_again_adds_nothing(store: Store, outputs: Path) -> None:
    taken(store, outputs)
    again = taken(store, outputs)
    assert (again.clips, again.known, again.refused) == (0, 1, {})
    with store.read() as session:
        assert len(session.exec(select(GeneratedFrame)).all()) == 8


def test_another_content_under_a_known_name_is_refused(store: Store, outputs: Path) -> None:
    taken(store, outputs)
    clip = the_clip(outputs)
    clip.write_bytes(clip.read_bytes() + b"\0")
    reseal(outputs)
    (reason,) = taken(store, outputs).refused.values()
    assert "was taken in before with other content" in reason


def cut(clip: Path) -> None:
    clip.write_bytes(clip.read_bytes()[:-900])
    reseal(clip.parent)


def fewer_frames(clip: Path) -> None:
    images = [clip.parent / f"{number}.jpg" for number in range(5)]
    for number, image in enumerate(images):
        image.write_bytes(a_street(number))
    write_clip(clip, images, 2)
    reseal(clip.parent)


def side_by_side(clip: Path) -> None:
    import numpy as np
    from PIL import Image

    frames = list(read_frames(clip))
    images = [clip.parent / f"{number}.png" for number in range(len(frames))]
    for image, frame in zip(images, frames, strict=True):
        Image.fromarray(np.concatenate([frame, frame], axis=1)).save(image)
    write_clip(clip, images, 2)
    reseal(clip.parent)


def edited(clip: Path) -> None:
    clip.write_bytes(clip.read_bytes() + b"\0")


def unknown_name(clip: Path) -> None:
    clip.rename(clip.with_name("holiday.mp4"))
    reseal(clip.parent)


def came_later(clip: Path) -> None:
    lines = (clip.parent / SUMS).read_text().splitlines(keepends=True)
    (clip.parent / SUMS).write_text("".join(line for line in lines if not line.endswith(f"{clip.name}\n")))


def changed_arguments(name: str, value: object) -> Callable[[Path], None]:
    def change(clip: Path) -> None:
        arguments = clip.with_suffix(".json")
        arguments.write_text(json.dumps({**json.loads(arguments.read_text()), name: value}))
        reseal(clip.parent)

    return change


def no_arguments(clip: Path) -> None:
    clip.with_suffix(".json").unlink()
    reseal(clip.parent)


def changed_source(clip: Path) -> None:
    (source,) = (clip.parent.parent / "clips").iterdir()
    source.write_bytes(source.read_bytes() + b"\0")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (cut, "cannot be read as a video; it may be cut off"),
        (fewer_frames, "has 5 frames; its source clip has 8"),
        (side_by_side, "is 3.56 times as wide as high, its source 1.78"),
        (edited, "was edited after it was generated"),
        (unknown_name, "'holiday.mp4' matches no specification"),
        (came_later, "it came after the generator had ended"),
        (changed_arguments("guidance", 7), "made from another specification than planned: guidance is 7, planned is 3"),
        (changed_arguments("edge", None), "edge is null"),
        (changed_arguments("show_input", True), "show_input is true, planned is false"),
        (changed_arguments("seg", {"control_weight": 1.0}), "made with the control seg, which was not planned"),
        (changed_arguments("video_path", "/elsewhere/other.mp4"), "video_path"),
        (no_arguments, "If another generator made it, name that with --model"),
        (changed_source, "is gone or was changed since planning"),
    ],
)  # fmt: skip
def test_what_is_not_what_was_planned_is_refused_and_leaves_nothing(
    store: Store, outputs: Path, spoil: Callable[[Path], None], reason: str
) -> None:
    spoil(the_clip(outputs))
    done = taken(store, outputs)
    assert (done.clips, len(done.refused)) == (0, 1)
    (said,) = done.refused.values()
    assert reason in said
    with store.read() as session:
        assert session.exec(select(GeneratedClip)).first() is None
    assert list((outputs.parent.parent / "workspace" / "generated").glob("*")) == []


def test_a_refused_clip_stops_no_other(store: Store, tmp_path: Path) -> None:
    a_plan(store, tmp_path / "plan", "fog", "glare")
    outputs = generate(tmp_path / "plan")
    edited(next(outputs.glob("fog-*-????????.mp4")))
    done = taken(store, outputs)
    assert (done.clips, len(done.refused)) == (1, 1)


def test_a_clip_that_the_guardrail_blocked_is_counted(store: Store, tmp_path: Path) -> None:
    a_plan(store, tmp_path / "plan", "fog", "glare")
    outputs = generate(tmp_path / "plan")
    blocked = next(outputs.glob("fog-*-????????.mp4"))
    blocked.unlink()
    reseal(outputs)
    done = taken(store, outputs)
    assert (done.clips, done.not_generated) == (1, [blocked.stem])


def test_a_clip_of_another_generator_names_its_model(store: Store, tmp_path: Path) -> None:
    a_plan(store, tmp_path / "plan", "large_animal")
    (spec,) = read_plan(tmp_path / "plan").generals.values()
    outputs = tmp_path / "plan" / "outputs"
    outputs.mkdir()
    (outputs / f"{spec.name}.mp4").write_bytes((tmp_path / "plan" / spec.source_clip).read_bytes())
    reseal(outputs)
    done = taken(store, outputs, model="Cosmos3-Nano-Transfer-Auto")
    assert (done.clips, done.refused) == (1, {})
    with store.read() as session:
        clip = session.exec(select(GeneratedClip)).one()
    assert (clip.model, clip.seed, clip.spec["scenario"]) == (
        "Cosmos3-Nano-Transfer-Auto",
        spec.seed,
        "large_animal",
    )


def test_a_specification_of_a_held_out_scene_is_refused_for_training(store: Store, tmp_path: Path) -> None:
    a_plan(store, tmp_path / "plan", split=Split.HELD_OUT)
    path = tmp_path / "plan" / PLAN
    path.write_text(path.read_text().replace('"split":"held_out"', '"split":"train"'))
    (reason,) = taken(store, generate(tmp_path / "plan")).refused.values()
    assert "was planned for training, but its source scene-0002 is held out in this store" in reason


def test_a_plan_of_another_store_is_refused(store: Store, outputs: Path, tmp_path: Path) -> None:
    path = tmp_path / "plan" / PLAN
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "source_scene_id": "elsewhere"}))
    (reason,) = taken(store, outputs).refused.values()
    assert "is not among the sampled scenes of this store" in reason
    path.write_text(json.dumps({**record, "source_frames": {"0": "elsewhere"}}))
    (reason,) = taken(store, outputs).refused.values()
    assert "source frames that are not frames of" in reason


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda outputs: (outputs / SUMS).unlink(), "nobody could tell whether an output was edited"),
        (lambda outputs: (outputs / SUMS).write_text("abc fog.mp4\n"), "line 1, is not a line of sha256sum"),
        (lambda outputs: [path.unlink() for path in outputs.glob("*.mp4")], "holds no generated clip"),
        (lambda outputs: (outputs.parent / PLAN).unlink(), "is no plan"),
    ],
)
def test_a_folder_that_cannot_be_judged_is_one_sentence(
    store: Store, outputs: Path, spoil: Callable[[Path], object], reason: str
) -> None:
    spoil(outputs)
    with pytest.raises(ScenarioError, match=reason):
        taken(store, outputs)


def test_a_folder_that_is_not_there_or_is_the_plan_is_said(store: Store, outputs: Path) -> None:
    with pytest.raises(ScenarioError, match="nowhere is not a folder"):
        taken(store, outputs.parent / "nowhere")
    with pytest.raises(ScenarioError, match=r"is a plan; name the folder of its outputs: .*/plan/outputs"):
        take_in(store, outputs.parent, outputs.parent.parent / "workspace")


def test_controls_and_masks_are_no_clips(outputs: Path) -> None:
    (clip,) = [path for path in outputs.glob("*.mp4") if "_control_" not in path.name]
    clip.with_name(f"{clip.stem}_mask_edge.mp4").write_bytes(b"")
    found = find_outputs(outputs, read_plan(outputs.parent))
    assert (found.clips, found.skipped) == ([clip], 2)
