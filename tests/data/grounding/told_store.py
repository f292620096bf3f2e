"""A store whose models have said things of frames with known boxes."""

from __future__ import annotations

from pathlib import Path

from data.frames.ingest import ingest
from data.frames.sampling import sample_frames
from data.proposals.recorded_replies import propose_from_replies
from data.sources.nuscenes import nuscenes
from data.store.opening import Store
from data.verification.status import refresh_statuses
from data.vocabulary import ModelRole
from tests.builders import A, S
from tests.dataroots import VERSION, a_box, a_dataroot, a_filename, a_raw_reply, replies_file
from tests.stores import an_empty_store

PERSON = "human.pedestrian.adult"
SAID = {
    a_filename("scene-0001", 0): a_raw_reply(
        S, reasoning="A pedestrian stands 12 m ahead.", thought="A dog waits."
    ),
    a_filename("scene-0001", 1): a_raw_reply(
        A, reasoning="A cyclist rides ahead.", action="Take over control."
    ),
    a_filename("scene-0001", 2): a_raw_reply(S, reasoning="The scene needs some attention."),
    a_filename("scene-0002", 0): a_raw_reply(S, reasoning="A cyclist rides ahead."),
}


def a_told_store(folder: Path) -> Store:
    """Two scenes: people 12 m ahead in the first, no annotation at all in the second."""
    boxes = {a_filename("scene-0001", at): [a_box(category=PERSON, ahead_m=12)] for at in range(3)}
    a_dataroot(folder / "dataroot", scenes={"scene-0001": 3, "scene-0002": 1}, boxes=boxes)
    store = an_empty_store(folder / "workspace")
    ingest(store, nuscenes(folder / "dataroot", VERSION))
    sample_frames(store, train=4, held_out=4, seed=0)
    for role in (ModelRole.TEACHER, ModelRole.STUDENT):
        said = (
            SAID if role is ModelRole.TEACHER else dict.fromkeys(SAID, a_raw_reply(A, reasoning="All quiet."))
        )
        propose_from_replies(store, replies_file(folder / f"{role.value}.jsonl", said, role=role), role=role)
    refresh_statuses(store)
    return store
