"""One workspace of six data sets, from ingest to a report: people judge by keys, a model learns, figures are by set."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from sqlmodel import col, select

from annotator.runtime import COOKIE
from data.frames.sampling import sample_frames
from data.frames.sampling_report import sampling_report
from data.people.accounts import sign_in
from data.proposals.asking import propose_from_endpoint
from data.snapshot.freeze import freeze
from data.store.opening import Store
from data.store.tables import Dataset, Frame, FrameStatus, Scene
from data.verification.status import refresh_statuses
from data.vlm.request import STUDENT_SAMPLING
from data.vocabulary import Mode, ModelRole, PersonRole, TriageLevel, VerificationState
from eval.evaluation.from_store import evaluate_runs
from eval.report.render import write_report
from tests.annotator.browser.conftest import VIEWPORT, a_browser
from tests.annotator.browser.served import CARD, Desk, RunningApp
from tests.builders import VERSION, A, S, T, a_person, a_raw_reply, an_empty_store, reviewed
from tests.data.proposals.requests import a_request
from tests.data.sources.mixture import DATA_SETS, a_mixture
from tests.data.vlm.vllm_stand_in import StandIn
from tests.data.vlm.vllm_stand_in import served as answering
from tests.training.builders import write_recipe
from training.train import train


def test_people_a_model_and_a_report_work_on_a_mix_of_sources(tmp_path: Path, stand_in: Path) -> None:
    workspace = tmp_path / "workspace"
    store = an_empty_store(workspace)
    done = a_mixture(store, tmp_path / "drives")
    assert {name: one.frames for name, one in done.items()} == {
        "bag": 3, "dashcam": 3, "lyft": 2, "night": 4, "t4": 2, VERSION: 12,
    }  # fmt: skip
    assert not any(one.set_aside or one.scenes_set_aside for one in done.values())
    drawn = sample_frames(store, train=20, held_out=10, seed=SEED)
    assert drawn.linked_scenes == 0
    assert sum(one["held_out"] > 0 for one in drawn.data_sets.values()) > 1
    assert "unknown: of all usable frames" in sampling_report(drawn)
    runs = {
        role: asked(store, role, level) for role, level in ((ModelRole.TEACHER, S), (ModelRole.STUDENT, A))
    }
    refresh_statuses(store)
    ada, ben, cay = (a_person(store, name) for name in ("ada", "ben", "cay"))
    a_person(store, "lena", PersonRole.LEAD)
    app = RunningApp(workspace, store)
    app.start()
    try:
        with a_browser() as browser:
            desk = Desk(app, browser.new_context(viewport=VIEWPORT), ada, "ada").sit_down()
            judged = judges_by_keys(desk, store)
            desk.leave()
            for other in (ben, cay):  # keys that are pressed in under a second verify no frame alone
                with store.read() as session:
                    query = select(FrameStatus.frame_id).where(FrameStatus.reviews_needed > 0)
                    open_ = session.exec(query).all()
                for frame in open_:
                    reviewed(store, other, frame, judged.get(frame, S))
            lead = browser.new_context(viewport=VIEWPORT)
            secret = sign_in(store, "lena", "password-lena")
            lead.add_cookies([{"name": COOKIE, "value": secret, "url": app.url}])
            sees_the_mix(lead.new_page(), app.url, store)
    finally:
        app.stop()
    with store.read() as session:
        states = Counter(session.exec(select(FrameStatus.state)))
    assert states == {VerificationState.VERIFIED: sum(drawn.taken.values())}
    manifest = freeze(store, tmp_path / "snapshot")
    assert {one.data_set: one.licence for one in manifest.terms}["lyft"] == "CC-BY-NC-SA-4.0"
    card = (tmp_path / "snapshot" / "README.md").read_text()
    assert "One of them allows no commercial use, so the whole allows none." in card
    assert "Nobody has said which terms bind the pictures of bag, dashcam, t4" in card
    recipe = write_recipe(tmp_path / "recipe.yaml", schedule__max_steps=1)
    assert train(tmp_path / "snapshot", recipe, stand_in, tmp_path / "adapter").adapter.is_dir()
    evaluation = evaluate_runs(store, list(runs.values()))
    held_out = {name for name, one in drawn.data_sets.items() if one["held_out"]}
    assert {one.data_set for one in evaluation.data_sets} == held_out
    assert sum(one.frames for one in evaluation.data_sets) == 2 * evaluation.frames.compared
    assert sum(evaluation.cues_unknown.values())
    report = write_report(evaluation, workspace / "reports" / "mix").read_text()
    assert "no commercial use" in report
    assert "By data set" in report


def asked(store: Store, role: ModelRole, level: TriageLevel) -> str:
    """The name of a run in which a scripted model said one level of every frame."""
    with answering(StandIn(says=lambda _: a_raw_reply(level))) as endpoint:
        sampling = replace(STUDENT_SAMPLING, image_width_px=160)
        return propose_from_endpoint(store, a_request(endpoint.url, role=role, sampling=sampling)).run


def judges_by_keys(desk: Desk, store: Store) -> dict[str, TriageLevel]:
    """Until a frame of each data set is judged: Enter for what is proposed; of blind frames TELEOPERATION, with a
    reason, for every other one."""
    judged: dict[str, TriageLevel] = {}
    while set(data_sets_of(store, judged).values()) != set(DATA_SETS):
        desk.page.wait_for_selector(f"{CARD}[data-frame]")
        frame = desk.frame()
        desk.page.wait_for_function(_IS_SEEN)  # no key decides on a picture that is not there yet
        if desk.data("mode") == Mode.ASSISTED.value:
            judged[frame] = S
            decides(desk, frame, "Enter")
        else:
            judged[frame] = T if len(judged) % 2 else A
            desk.press("3" if judged[frame] is T else "1")
            decides(desk, frame, "y" if judged[frame] is T else "r")
    desk.state("saved")
    assert {one.frame_id: one.level for one in desk.reviews()} == judged
    return judged


def decides(desk: Desk, frame: str, key: str) -> None:
    """Press a key until the frame is decided on: on a machine under load a frame cannot be judged at once."""
    for _ in range(20):
        desk.press(key)
        with suppress(PlaywrightTimeout):
            desk.page.wait_for_function(_HAS_MOVED_ON, arg=frame, timeout=1_500)
            return
    raise AssertionError(f"{key} does not decide on {frame}")


def data_sets_of(store: Store, frames: dict[str, TriageLevel]) -> dict[str, str]:
    query = select(Frame.id, Dataset.name).join(Scene, col(Scene.id) == Frame.scene_id).join(Dataset)
    with store.read() as session:
        return {frame: name for frame, name in session.exec(query) if frame in frames}


def sees_the_mix(page: Page, url: str, store: Store) -> None:
    """What a lead sees of it: how far each data set is, its frames, and what nobody could look for."""
    page.goto(f"{url}progress")
    expect(page.get_by_role("heading", name="Frames by data set")).to_be_visible()
    page.goto(f"{url}frames?data_set=dashcam")
    grid = page.locator("[data-testid=frame-grid]")
    expect(grid.locator(".fg-cell")).to_have_count(3)
    page.goto(f"{url}frames?unknown_cue=construction&data_set={VERSION}")
    expect(grid).to_contain_text("No frame")
    with store.read() as session:
        frame = session.exec(select(Frame.id).join(Scene).join(Dataset).where(Dataset.name == "bag")).first()
    page.goto(f"{url}frame?id={frame}")
    expect(page.get_by_text("Could not be looked for: pedestrian near, construction")).to_be_visible()


_IS_SEEN = f"() => document.querySelector('{CARD} [data-part=wait]').hidden"
_HAS_MOVED_ON = f"before => document.querySelector('{CARD}').dataset.frame !== before"
SEED = 0
"""Of a draw that holds out scenes of several data sets."""
