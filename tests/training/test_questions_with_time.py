"""From a snapshot of questions with time to a model that is asked them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import select

from data.errors import TrainingError
from data.proposals.asking import propose_from_endpoint
from data.proposals.recorded_replies import propose_from_replies
from data.snapshot.folder import load_snapshot
from data.snapshot.freeze import freeze
from data.store.opening import Store
from data.store.tables import Frame, ModelRun, Proposal
from data.verification.status import refresh_statuses
from data.vlm.moment import STILL, AskedFrame, Earlier, Lookback
from data.vlm.request import STUDENT_SAMPLING
from data.vlm.weights import read_weights
from data.vocabulary import ModelRole, Split
from eval.evaluation.from_store import evaluate_runs
from tests.builders import a_person, a_store, reviewed
from tests.data.proposals.requests import a_request
from tests.data.review.test_reviews import frames_in
from tests.data.vlm.vllm_stand_in import StandIn, served
from tests.training.builders import (
    FORM,
    MIXED,
    A,
    T,
    a_development_frame,
    a_loss,
    looking_back,
    write_recipe,
    write_snapshot_with_time,
)
from training.generate import write_replies
from training.merge import merge
from training.pairs.development_part import DevelopmentPart
from training.pairs.preference_dataset import load_pairs
from training.train import train
from training.trainer.reference_cache import reference_keys

THREE = Lookback(3, 0.5)


def test_a_snapshot_of_three_frames_trains_and_its_model_is_asked_with_three(
    tmp_path: Path, stand_in: Path
) -> None:
    folder = write_snapshot_with_time(tmp_path / "snapshot", MIXED)
    recipe = write_recipe(tmp_path / "recipe.yaml", schedule__max_steps=1)
    train(folder, recipe, stand_in, tmp_path / "adapter")
    model = merge(tmp_path / "adapter", stand_in, tmp_path / "merged", dtype="float32").model
    assert [read_weights(one).lookback for one in (tmp_path / "adapter", model)] == [THREE, THREE]
    pair = next(one for one in load_snapshot(folder).pairs if len(one.images) == 3)
    *files, own = [folder / name for name in pair.images]
    earlier = tuple(Earlier(file, shown.before_s) for file, shown in zip(files, pair.earlier, strict=True))
    frames = [AskedFrame("a.jpg", own, earlier), AskedFrame("b.jpg", own)]
    out = tmp_path / "replies.jsonl"
    write_replies(model, frames, out, role=ModelRole.ALIGNED, model_name="m", max_new_tokens=4)
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(line["frames"], line["spacing_s"], line["before_s"]) for line in lines] == [
        (3, 0.5, [1.0, 0.5]),
        (3, 0.5, []),
    ]


def asked_frames(store: Store, folder: Path, ids: list[str], run: str) -> list[AskedFrame]:
    """Frames with the earlier pictures that a run was shown, named as recorded replies name them."""
    with store.read() as session:
        rows = [session.get_one(Frame, one) for one in ids]
        query = select(Proposal).join(ModelRun).where(ModelRun.name == run)
        shown = {one.frame_id: one.earlier_frame_ids for one in session.exec(query)}
        before = {row.id: [session.get_one(Frame, one) for one in shown[row.id] or ()] for row in rows}
    return [
        AskedFrame(
            row.filename,
            folder / row.filename,
            tuple(
                Earlier(folder / one.filename, (row.captured_at_us - one.captured_at_us) / 1e6)
                for one in before[row.id]
            ),
        )
        for row in rows
    ]


def test_one_store_goes_from_questions_of_three_frames_to_a_report_that_compares_them_with_stills(
    tmp_path: Path, stand_in: Path
) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 4, "scene-0002": 4}, teacher=None, student=None)
    shape = replace(STUDENT_SAMPLING, image_width_px=160)
    with served(StandIn()) as endpoint:
        _, still, timed = (
            propose_from_endpoint(
                store, a_request(endpoint.url, role=role, sampling=replace(shape, lookback=one))
            )
            for role, one in (
                (ModelRole.TEACHER, THREE),
                (ModelRole.STUDENT, STILL),
                (ModelRole.STUDENT, THREE),
            )
        )
    refresh_statuses(store)
    for name in ("ada", "ben"):
        person = a_person(store, name)
        for split in Split:
            for frame in frames_in(store, split):
                reviewed(store, person, frame, T)
    manifest = freeze(store, tmp_path / "snapshot")
    assert (manifest.lookback, manifest.entries_by_pictures) == (THREE, {"1": 2, "2": 2, "3": 4})
    recipe = write_recipe(tmp_path / "recipe.yaml", schedule__max_steps=1)
    adapter = train(tmp_path / "snapshot", recipe, stand_in, tmp_path / "adapter").adapter
    model = merge(adapter, stand_in, tmp_path / "merged", dtype="float32").model
    held_out, out = frames_in(store, Split.HELD_OUT), tmp_path / "replies.jsonl"
    frames = asked_frames(store, tmp_path / "dataroot", held_out, timed.run)
    write_replies(model, frames, out, role=ModelRole.ALIGNED, model_name="aligned", max_new_tokens=4)
    aligned = propose_from_replies(store, out, role=ModelRole.ALIGNED)
    assert (aligned.frames, aligned.unanswered) == (8, 4)
    evaluation = evaluate_runs(store, [still.run, timed.run, aligned.run])
    pairs = [(one.first, one.second, one.n) for one in evaluation.comparisons]
    assert pairs == [(still.run, timed.run, 4), (still.run, aligned.run, 4), (timed.run, aligned.run, 4)]
    shows = evaluation.lineage.question_shows or ""
    assert f"{still.run}: 1 frame" in shows
    assert f"{aligned.run}: 3 frames 0.5 s apart" in shows


def test_an_earlier_picture_that_was_changed_is_found(tmp_path: Path) -> None:
    folder = write_snapshot_with_time(tmp_path / "snapshot", MIXED)
    pair = load_snapshot(folder).pairs[0]
    keys = reference_keys(load_pairs(folder, a_loss())[1], setting={})
    other = pair.model_copy(update={"earlier": list(reversed(pair.earlier))})
    changed = load_pairs(folder, a_loss())[1][0]
    assert (
        reference_keys([type(changed)(other, changed.images, 1.0)], setting={})[pair.pair_id]
        != keys[pair.pair_id]
    )
    (folder / pair.images[0]).write_bytes(b"changed")
    with pytest.raises(TrainingError, match=r"frame-0-0\.png of the pair pair-0 was changed"):
        load_pairs(folder, a_loss())


def test_the_development_part_is_watched_with_the_pictures_and_the_words_of_its_questions(
    tmp_path: Path,
) -> None:
    (tmp_path / "images").mkdir()
    frame = looking_back(tmp_path, a_development_frame(tmp_path, 0, T, said=A), THREE, [0.5])
    part = DevelopmentPart(tmp_path, [frame], 160, FORM, THREE)
    (question,), (row,) = part.questions(), part.rows()
    assert (len(question.pictures), question.moment.missing) == (2, ("1.0 s before",))
    assert [Path(image["path"]).name for image in row["images"]] == [Path(name).name for name in frame.images]
    assert "There is no picture from 1.0 s before." in row["prompt"][1]["content"]
