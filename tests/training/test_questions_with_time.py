"""From a snapshot of questions with time to a model that is asked them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from data.errors import TrainingError
from data.snapshot.folder import load_snapshot
from data.vlm.moment import AskedFrame, Earlier, Lookback
from data.vlm.weights import read_weights
from data.vocabulary import ModelRole
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
