from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlmodel import col, select

from data.errors import FindRefused
from data.find import current
from data.find.pages import find_frames
from data.find.question import from_address
from data.store.opening import Store
from data.store.tables import Frame, SampledFrame
from data.vocabulary import PersonRole, Split
from eval.evaluation.evaluate import evaluate
from eval.evaluation.result import Evaluation
from eval.probes.from_store import read_probes
from eval.probes.result import ProbeResult
from eval.report.render import render_html, render_markdown
from tests.builders import A, S, T, a_person, a_raw_reply
from tests.data.probes.probed import RUN, an_asked_store, probed
from tests.data.vlm.vllm_stand_in import Asked, StandIn, served
from tests.eval.builders import LINEAGE, a_run, frames_of

SCENES = {f"scene-{number:04d}": 1 for number in range(1, 25)}


def constant(asked: Asked) -> str:
    return a_raw_reply(S, reasoning="Something may happen.")


class TextAlone:
    """Draws its answers in turn, whatever picture is sent."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, asked: Asked) -> str:
        self.asked += 1
        return a_raw_reply((A, S, T)[self.asked % 3], reasoning=f"Object {self.asked % 3} is near.")


def probes_of(folder: Path, says: object) -> ProbeResult:
    with served(StandIn(says=says)) as stand_in:  # type: ignore[arg-type]
        store = an_asked_store(folder, stand_in, SCENES)
        probed(folder, store, stand_in, "again", "no-picture", "other-scene", "fog-3", concurrency=1)
    with store.read() as session:
        truth = {frame_id: (A, S, T)[place % 3] for place, frame_id in enumerate(_held_out(store))}
        (found,) = read_probes(session, [RUN, "test-teacher"], truth)
    return found


def _held_out(store: Store) -> list[str]:
    query = select(Frame.id).join(SampledFrame, col(SampledFrame.frame_id) == Frame.id)
    with store.read() as session:
        return list(session.exec(query.where(SampledFrame.split == Split.HELD_OUT).order_by(Frame.id)))


def shown(probe: ProbeResult) -> tuple[str, str]:
    """The report's page and its text, with these probes."""
    frames, answers = frames_of([[10, 1, 0, 0], [1, 10, 0, 0], [0, 1, 10, 0]])
    evaluation = evaluate(frames, [a_run(answers)], lineage=LINEAGE).model_copy(update={"probes": [probe]})
    assert Evaluation.model_validate_json(evaluation.model_dump_json()) == evaluation
    return render_html(evaluation), render_markdown(evaluation)


@pytest.fixture(scope="module")
def of_a_constant(tmp_path_factory: pytest.TempPathFactory) -> ProbeResult:
    """What probes say of an endpoint with one reply; asking takes most of a test's time."""
    return probes_of(tmp_path_factory.mktemp("constant"), constant)


@pytest.fixture(scope="module")
def of_text_alone(tmp_path_factory: pytest.TempPathFactory) -> ProbeResult:
    return probes_of(tmp_path_factory.mktemp("text"), TextAlone())


@pytest.mark.parametrize("says", ["of_a_constant", "of_text_alone"])
def test_an_endpoint_that_ignores_the_picture_is_exposed_at_the_top_of_the_report(
    request: pytest.FixtureRequest, says: str
) -> None:
    probe: ProbeResult = request.getfixturevalue(says)
    assert (probe.verdict, probe.scenes >= 10) == ("not_shown", True)
    html, text = shown(probe)
    for page in (html, text):
        assert "It is not shown to look: without a picture it is right about " in page
        assert "It does not tell one scene from another" in page
        assert ("one and the same reply to all" in page) is (says == "of_a_constant")
    top = html[: html.index("What this shows")]
    assert 'class="alarm" role="alert"' in top
    assert f"<strong>{RUN} may not look at the picture.</strong>" in top


def test_each_figure_of_the_page_is_that_of_the_data(of_a_constant: ProbeResult) -> None:
    probe = of_a_constant
    html, _ = shown(probe)
    found = dict(re.findall(r'data-path="probes/0/([^"]+)" data-value="([^"]+)"', html))
    assert float(found["own/accuracy/value"]) == probe.own.accuracy.value
    assert float(found["arms/1/accuracy_lost/value"]) == probe.arms[1].accuracy_lost.value
    assert float(found["duties/0/rate/value"]) == probe.duties[0].rate.value
    assert [arm.arm for arm in probe.arms] == ["again", "no-picture", "other-scene", "fog-3"]


@pytest.mark.each_store
def test_one_probe_goes_from_the_store_to_the_report_and_to_the_frames(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(current, "REST", 0.0)
    arms = ("again", "other-scene", "fog-3")
    with served(StandIn(says=constant)) as stand_in:
        store = an_asked_store(tmp_path, stand_in, dict.fromkeys(list(SCENES)[:6], 1))
        lead = a_person(store, "lena", PersonRole.LEAD)
        with pytest.raises(FindRefused, match="No run has been probed yet: `teletriage probe` does it"):
            find_frames(store, lead, from_address("probe=other_scene_other_words"))
        done = probed(tmp_path, store, stand_in, *arms)
        assert (done.added, probed(tmp_path, store, stand_in, *arms).added) == (3 * done.frames, 0)
    held_out = set(_held_out(store))
    with store.read() as session:
        (found,) = read_probes(session, [RUN], {})
    said = {duty.key: (duty.rate.count, set(duty.frames)) for duty in found.duties}
    assert said == {"fog_not_lower": (0, set()), "other_scene_other_words": (len(held_out), held_out)}
    html, _ = shown(found)
    assert 'data-app="frames?probe=tiny-vl%3Aother_scene_other_words"' in html
    assert "fog_not_lower" not in html

    def frames(value: str) -> set[str]:
        question = from_address(f"probe={value}")
        return {one.frame_id for one in find_frames(store, lead, question).frames}

    assert frames("other_scene_other_words") == frames(f"{RUN}:other_scene_other_words") == held_out
    assert frames(f"{RUN}:fog_not_lower") == set()
