"""Vectors of a store's frames: made once, resumed after a kill, renewed where a frame changed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlmodel import select

from data.alike.embed import EmbeddedFrames, embed_at_endpoint, embed_locally
from data.alike.maker import Maker
from data.alike.more_like import alike_frames, stack_of_each
from data.alike.vectors import current_vectors
from data.alike.writing import VectorWriter, vector_writer
from data.errors import ProposalError, TeletriageError, VectorsError
from data.store.opening import Store
from data.store.tables import Frame
from data.vlm.client import Asking
from data.vlm.embedding import INSTRUCTION, REPLY_BYTES, read_embedding
from data.vlm.request import STUDENT_SAMPLING
from data.vocabulary import SetAside
from tests.builders import a_store, frames_of
from tests.data.alike.embedding_stand_in import EmbeddingStandIn, a_vector
from tests.data.vlm.vllm_stand_in import served

FRAMES = [*frames_of("scene-0001"), *frames_of("scene-0002")]


def asked(store: Store, folder: Path, stand_in: EmbeddingStandIn) -> EmbeddedFrames:
    sampling = replace(STUDENT_SAMPLING, image_width_px=64)
    asking = Asking(
        (stand_in.url,), "tiny-vl", sampling, concurrency=2, first_pause_s=0.001, reply_bytes=REPLY_BYTES
    )
    return embed_at_endpoint(store, folder, asking, instruction=INSTRUCTION)


def change(store: Store, frame_id: str, **values: Any) -> None:
    with store.write() as session:
        frame = session.exec(select(Frame).where(Frame.id == frame_id)).one()
        for name, value in values.items():
            setattr(frame, name, value)


def alike(store: Store, folder: Path, frame_id: str, n: int = 10) -> list[str]:
    vectors = current_vectors(folder)
    assert vectors is not None
    with store.read() as session:
        return [one.frame_id for one in alike_frames(session, vectors, frame_id, n=n)]


def test_every_frame_has_a_vector_that_names_what_made_it(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    assert current_vectors(tmp_path) is None
    done = embed_locally(store, tmp_path)
    vectors = current_vectors(tmp_path)
    assert vectors is not None
    assert (done.frames, done.added, done.dropped, done.failed) == (8, 8, 0, {})
    assert set(vectors.frame_ids) == set(FRAMES)
    assert vectors.matrix.dtype == np.float16
    assert np.linalg.norm(vectors.of(FRAMES), axis=1) == pytest.approx(1, abs=1e-3)
    assert vectors.maker.in_words.endswith("no learned weights)")
    assert set(alike(store, tmp_path, FRAMES[0])) == set(FRAMES[1:])
    with store.read() as session:
        assert stack_of_each(session, vectors) == {}


def test_the_descriptor_is_the_same_every_time(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    for folder in ("one", "two"):
        embed_locally(store, tmp_path / folder)
    one, two = (next((tmp_path / folder / "vectors").glob("*/1.f16")) for folder in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
    assert embed_locally(store, tmp_path / "one").added == 0


def test_what_changed_is_made_again_and_what_went_is_not_found(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    embed_locally(store, tmp_path)
    change(store, FRAMES[1], cues={"night": "dark"})
    change(store, FRAMES[2], set_aside=SetAside.IMAGE_UNREADABLE)
    assert FRAMES[2] not in alike(store, tmp_path, FRAMES[0])
    done = embed_locally(store, tmp_path)
    assert (done.frames, done.added, done.dropped) == (7, 1, 1)
    vectors = current_vectors(tmp_path)
    assert vectors is not None
    assert len(vectors.matrix) == 7
    assert FRAMES[2] not in vectors.frame_ids


def test_another_picture_than_the_ingested_one_gets_no_vector(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    change(store, FRAMES[3], image_sha256="0" * 64)
    done = embed_locally(store, tmp_path)
    assert done.frames == 7
    assert list(done.failed.values()) == [1]
    with pytest.raises(VectorsError, match="has no vector yet"):
        alike(store, tmp_path, FRAMES[3])


@pytest.mark.parametrize("cut", ["matrix", "index", "lines kept, rows lost"])
def test_a_kill_loses_at_most_the_batch_under_way(tmp_path: Path, cut: str) -> None:
    maker = Maker("local", "m", "1")
    first, second = np.eye(4)[:2], np.eye(4)[2:]
    with vector_writer(tmp_path, maker) as writer:
        writer.append([("a", "1"), ("b", "1")], first)
        writer.append([("c", "1"), ("d", "1")], second)
        folder = writer.folder
    matrix, index = folder / "1.f16", folder / "index.jsonl"
    if cut != "matrix":
        index.write_bytes(index.read_bytes()[: -len('["d", "1"]\n') - (5 if cut == "index" else 0)])
    if cut != "index":
        matrix.write_bytes(matrix.read_bytes()[: -3 if cut == "matrix" else -16])
    with vector_writer(tmp_path, maker) as writer:
        kept = set(writer.made_from)
        assert kept == ({"a", "b", "c"} if cut == "matrix" else {"a", "b"})
        writer.append([("d", "1")], np.eye(4)[3:])
        writer.make_current()
    vectors = current_vectors(tmp_path)
    assert vectors is not None
    assert vectors.vector("d").tolist() == [0, 0, 0, 1]
    assert vectors.vector("a").tolist() == [1, 0, 0, 0]


def test_two_writers_at_once_are_refused(tmp_path: Path) -> None:
    maker = Maker("local", "m", "1")
    with (
        vector_writer(tmp_path, maker),
        pytest.raises(VectorsError, match="Another"),
        vector_writer(tmp_path, maker),
    ):
        pass


def test_a_damaged_index_is_one_sentence(tmp_path: Path) -> None:
    with vector_writer(tmp_path, Maker("local", "m", "1")) as writer:
        writer.append([("a", "1")], np.eye(2)[:1])
        writer.make_current()
        (writer.folder / "index.jsonl").write_text("no\n")
    with pytest.raises(VectorsError, match="no index of vectors"):
        current_vectors(tmp_path)


def test_an_endpoint_is_asked_once_per_picture_as_vllm_s_pooling_models_are(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    with served(EmbeddingStandIn()) as stand_in:
        assert isinstance(stand_in, EmbeddingStandIn)
        done = asked(store, tmp_path, stand_in)
        assert (done.dims, done.frames, done.added) == (8, 8, 8)
        assert asked(store, tmp_path, stand_in).added == 0
    assert len(stand_in.bodies) == 9  # the first picture twice: it tells whether the model takes pictures
    body = stand_in.bodies[0]
    assert body["encoding_format"] == "float"
    assert [part["type"] for part in body["messages"][0]["content"]] == ["image_url", "text"]  # type: ignore[index]
    assert len(alike(store, tmp_path, FRAMES[0])) == 7


def _body(*vectors: object) -> str:
    return json.dumps({"data": [{"embedding": one} for one in vectors]})


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (200, _body([1.0], [2.0]), "2 vectors for one picture"),
        (200, _body([float("nan"), 1.0]), "not finite"),
        (200, _body([10**400]), "not finite"),
        (200, _body([1e300]), "not finite"),
        (200, _body([0.0, 0.0]), "nothing but zeros"),
        (200, _body([]), "no vector"),
        (200, _body(["1.0"]), "no vector"),
        (200, _body("AAAA"), "no vector"),
        (200, '{"data": [7]}', "no vector"),
        (400, '{"error": {"message": "no image"}}', "gives no vector for a picture .*no image"),
        (404, "{}", "does not let"),
    ],
)
def test_what_an_endpoint_gives_instead_is_one_sentence_and_nothing_is_written(
    status: int, body: str, sentence: str, tmp_path: Path
) -> None:
    store = a_store(tmp_path)
    with (
        served(EmbeddingStandIn(answers=lambda _: (status, body))) as stand_in,
        pytest.raises(TeletriageError, match=sentence) as refused,
    ):
        asked(store, tmp_path, stand_in)  # type: ignore[arg-type]
    assert isinstance(refused.value, VectorsError | ProposalError)
    assert not list((tmp_path / "vectors").glob("*/*"))
    assert current_vectors(tmp_path) is None


def test_vectors_of_another_length_leave_those_that_are_there(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    with served(EmbeddingStandIn()) as stand_in:
        asked(store, tmp_path, stand_in)  # type: ignore[arg-type]
        change(store, FRAMES[0], image_sha256="1" * 64)
        stand_in.answers = lambda _: (200, _body([1.0, 2.0]))  # type: ignore[attr-defined]
        with pytest.raises(VectorsError, match="has 2 numbers where the others of 'tiny-vl' have 8"):
            asked(store, tmp_path, stand_in)  # type: ignore[arg-type]
    vectors = current_vectors(tmp_path)
    assert vectors is not None
    assert len(vectors.frame_ids) == 8


def test_a_frame_that_gets_no_answer_is_counted_and_asked_again(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    seen: list[bytes] = []

    def refusing_one(picture: bytes) -> tuple[int, str]:
        seen.append(picture)
        return (422, "{}") if picture != seen[0] else a_vector(picture)

    with served(EmbeddingStandIn(answers=refusing_one)) as stand_in:
        done = asked(store, tmp_path, stand_in)  # type: ignore[arg-type]
        assert 0 < done.frames < 8
        assert sum(done.failed.values()) == 8 - done.frames
        stand_in.answers = a_vector  # type: ignore[attr-defined]
        assert asked(store, tmp_path, stand_in).frames == 8  # type: ignore[arg-type]


def test_a_vector_is_read_as_it_came() -> None:
    assert read_embedding({"data": [{"embedding": [1, 0.5]}]}).tolist() == [1.0, 0.5]


def test_a_writer_that_kept_nothing_leaves_nothing_current(tmp_path: Path) -> None:
    writer = VectorWriter(tmp_path, Maker("local", "m", "1"))
    assert writer.keep_only({}) == 0
    writer.make_current()
    assert current_vectors(tmp_path) is None
