from __future__ import annotations

import base64
import io
import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.errors import EvaluationError, ProposalError
from data.images.model_picture import ModelPicture, model_picture
from data.vlm.kept_connection import Address, Answered
from data.vlm.moment import Lookback
from data.vlm.request import STUDENT_SAMPLING, data_url, one_call_body
from eval.statistics.percentiles import Percentiles, percentiles
from eval.statistics.rate import Undefined
from eval.throughput.feeds import Asked, FeedLog, FeedLogs, Load, run_feeds
from eval.throughput.figures import LoadFigures, Throughput, largest_holding, load_figures
from eval.throughput.report import throughput_lines
from eval.throughput.server import Server, measure_throughput
from eval.throughput.unique_pictures import UniqueRequests
from tests.builders import a_store
from tests.data.vlm.vllm_stand_in import StandIn, served
from tests.eval.stand_in_server import TOKENS, VALID, a_server, reply

BODY: dict[str, object] = {"model": "stand-in", "messages": [{"role": "user", "content": "x" * 20_000}]}


def measured(
    endpoint: str,
    *,
    feeds: int = 2,
    frame_rate: float = 10,
    seconds: float = 2.0,
    in_flight: int = 4,
    deadline_ms: float = 400,
) -> LoadFigures:
    address = Address.of(endpoint)
    load = Load(feeds, frame_rate, seconds, warm_up_s=0.5, in_flight=in_flight)
    return load_figures(run_feeds(address, partial(address.request, BODY), load), deadline_ms=deadline_ms)


TRIES = 3
"""A busy machine makes answers late and never early: what is exact in one of three tries is exact."""


def milliseconds(found: Percentiles | Undefined) -> Percentiles:
    assert isinstance(found, Percentiles)
    return found


@pytest.mark.parametrize("service_s", [0.3, 0.5])
def test_a_known_service_time_comes_out_within_two_percent(service_s: float) -> None:
    with a_server(service_s) as endpoint:
        for _ in range(TRIES):
            found = measured(endpoint, feeds=3, in_flight=8, deadline_ms=1200 * service_s)
            if milliseconds(found.age_ms).p50 < 1020 * service_s and found.holds:
                break
    assert milliseconds(found.latency_ms).p50 == pytest.approx(1000 * service_s, rel=0.02)
    assert milliseconds(found.age_ms).p50 == pytest.approx(1000 * service_s, rel=0.02)
    assert found.answered_per_s == pytest.approx(30, rel=0.02)
    assert found.tokens_per_s == pytest.approx(30 * TOKENS, rel=0.02)
    assert [(one.frames, one.dropped, one.failed, one.invalid) for one in found.per_feed] == [
        (20, 0, 0, 0)
    ] * 3
    assert found.holds


def a_log(*frames: tuple[float, float, float], status: int = 200) -> FeedLog:
    """A feed's log from (captured, sent, answered) times in seconds."""
    body = reply(VALID).partition(b"\r\n\r\n")[2]
    asked = [Asked(captured, sent, done, Answered(status, body)) for captured, sent, done in frames]
    return FeedLog(captured=len(frames), asked=asked)


def test_figures_of_written_out_times_are_exact() -> None:
    # ten frames sent as they are made, answered after 10, 20 ... 100 ms; one of them is from the warm-up
    log = a_log(*((0.1 * n, 0.1 * n + 0.005, 0.1 * n + 0.01 * (n + 1)) for n in range(10)))
    log.dropped_s, log.waiting_s = [0.05, 0.55], 0.95
    found = load_figures(FeedLogs(Load(1, 10, 1.0), 0.1, [log], cpu_s=0.05, wall_s=1.0), deadline_ms=100)
    (feed,) = found.per_feed
    assert (feed.frames, feed.answered, feed.dropped) == (11, 9, 2)
    assert (feed.answered_per_s, found.cpu_share) == (9.0, 0.05)
    age, latency = milliseconds(feed.age_ms), milliseconds(feed.latency_ms)
    assert (age.p50, age.p95, age.p99) == pytest.approx((60, 100, 100))
    assert (latency.p50, latency.p95, latency.p99) == pytest.approx((55, 95, 95))
    assert found.loss == pytest.approx(2 / 11)
    assert found.tokens_per_s == pytest.approx(9 * TOKENS)


def test_another_status_than_200_is_a_failure_and_has_no_latency() -> None:
    logs = FeedLogs(Load(1, 10, 1.0), 0.0, [a_log((0.1, 0.1, 0.2), status=503)], cpu_s=0, wall_s=1.0)
    (feed,) = load_figures(logs, deadline_ms=100).per_feed
    assert (feed.answered, feed.failed, feed.latency_ms) == (0, 1, Undefined("no answers"))


def test_a_slow_server_does_not_slow_the_feeds_and_the_newest_frame_wins() -> None:
    # one request at a time, 250 ms each, a frame every 100 ms: 4 answers per second, the rest dropped
    with a_server(0.25) as endpoint:
        found = measured(endpoint, feeds=1, in_flight=1, seconds=3)
    (feed,) = found.per_feed
    assert feed.frames == 30
    assert feed.answered_per_s == pytest.approx(4, rel=0.1)
    assert feed.dropped == feed.frames - feed.answered
    # a frame waits less than one period for the request before it
    assert 250 < milliseconds(feed.age_ms).p50 < 350
    assert not found.holds


def test_invalid_replies_are_counted_and_are_no_answered_frames() -> None:
    with a_server(0.02, invalid_every=4) as endpoint:
        found = measured(endpoint, feeds=1, seconds=2)
    (feed,) = found.per_feed
    assert (feed.answered, feed.invalid) == (20, 5)
    assert feed.answered_per_s == pytest.approx(7.5, abs=0.5)
    assert found.loss == 0.25
    assert not found.holds


@pytest.mark.parametrize(
    ("limit", "tried"),
    [(0, [1]), (1, [1, 2]), (4, [1, 2, 4, 5, 6, 8]), (5, [1, 2, 4, 5, 6, 8]), (16, [1, 2, 4, 8, 16])],
)
def test_the_search_doubles_and_then_halves_up_to_the_most_feeds_that_hold(
    limit: int, tried: list[int]
) -> None:
    nothing = load_figures(FeedLogs(Load(1, 10, 1.0), 0.0, [], cpu_s=0, wall_s=1.0), deadline_ms=100)
    found = largest_holding(
        lambda feeds: nothing.model_copy(update={"feeds": feeds, "holds": feeds <= limit}), most=16
    )
    assert [one.feeds for one in found] == tried
    assert max((one.feeds for one in found if one.holds), default=0) == limit


def test_a_server_with_four_slots_holds_two_feeds_and_not_eight() -> None:
    # 4 slots of 90 ms serve 44 frames a second; eight feeds of ten make 80
    with a_server(0.09, slots=4) as endpoint:
        for _ in range(TRIES):
            few = measured(endpoint, feeds=2, seconds=1.5, in_flight=2)
            if few.holds:
                break
        many = measured(endpoint, feeds=8, seconds=1.5, in_flight=2)
    assert few.holds
    assert not many.holds
    assert many.answered_per_s == pytest.approx(44.4, rel=0.1)


def test_where_nothing_listens_it_says_so() -> None:
    with pytest.raises(EvaluationError, match=r"Nothing listens at 127\.0\.0\.1:9"):
        measured("http://127.0.0.1:9/v1")


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ProposalError, match="ftp://there"):
        Address.of("ftp://there/v1")
    assert Address.of("https://there/v1/") == Address("there", 443, "/v1/chat/completions", True)


def test_percentiles_are_measured_values_and_without_answers_there_are_none() -> None:
    assert percentiles([float(value) for value in range(1, 101)]) == Percentiles(p50=50, p95=95, p99=99)
    assert percentiles([]) == Undefined("no answers")


def test_what_a_server_had_cached_is_a_share_of_the_prompts() -> None:
    log = a_log((0.1, 0.1, 0.2), (0.2, 0.2, 0.3))
    for asked, cached in zip(log.asked, (0, 300), strict=True):
        usage = {"prompt_tokens": 1000, "prompt_tokens_details": {"cached_tokens": cached}}
        asked.answer = Answered(200, json.dumps({"choices": [], "usage": usage}).encode())
    logs = FeedLogs(Load(1, 10, 1.0), 0.0, [log], cpu_s=0, wall_s=1.0)
    found = load_figures(logs, deadline_ms=100)
    assert found.cached_share == 0.15
    all_of_it = Throughput(endpoint="e", model="m", deadline_ms=100, loads=[found], largest_holding=0)
    assert "15% of the prompt tokens came from the server's cache" in throughput_lines(all_of_it)


def noise(seed: int) -> ModelPicture:
    values = np.random.default_rng(seed).integers(0, 255, (96, 160, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(values).save(out, "JPEG", quality=92)
    return model_picture(out.getvalue(), "noise", width_px=1152)


def test_no_two_requests_show_the_same_pixels() -> None:
    picture = noise(0)
    address = Address.of("http://127.0.0.1:9/v1")
    requests = UniqueRequests(address, [picture], "m", STUDENT_SAMPLING)
    whole = address.request(one_call_body(data_url(picture), "m", STUDENT_SAMPLING))
    assert requests() == whole
    sent = [pixels_of(requests()) for _ in range(300)]
    assert len(set(sent)) == 300
    assert pixels_of(whole) not in sent


def test_earlier_pictures_of_a_request_are_its_own_too() -> None:
    pictures = [noise(seed) for seed in range(3)]
    sampling = replace(STUDENT_SAMPLING, lookback=Lookback(3, 0.5))
    requests = UniqueRequests(Address.of("http://127.0.0.1:9/v1"), pictures, "m", sampling)
    sent = [all_pixels_of(requests()) for _ in range(9)]
    assert [len(shown) for shown in sent] == [3] * 9
    first, second, third = (shown[2] for shown in sent[:3])
    assert (sent[2][:2], sent[0][:2]) == ([first, second], [second, third])
    assert len({tuple(shown) for shown in sent}) == 9
    assert set(sent[0]).isdisjoint(sent[3])


def pixels_of(request: bytes) -> bytes:
    (pixels,) = all_pixels_of(request)
    return pixels


def all_pixels_of(request: bytes) -> list[bytes]:
    head, _, body = request.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    *pictures, _ = json.loads(body)["messages"][1]["content"]
    addresses = [one["image_url"]["url"] for one in pictures]
    return [
        Image.open(io.BytesIO(base64.b64decode(one.partition(",")[2]))).convert("RGB").tobytes()
        for one in addresses
    ]


def test_every_request_of_a_load_shows_a_picture_of_its_own(tmp_path: Path) -> None:
    store = a_store(tmp_path, teacher=None, student=None)
    frame = tmp_path / "dataroot" / "samples/CAM_FRONT/scene-0001__CAM_FRONT__000.jpg"
    assert frame.is_file()
    with served(StandIn()) as endpoint:
        found = measure_throughput(
            store, Server(endpoint.url, "tiny-vl"), Load(1, 10, 1.0, warm_up_s=0.2), feeds=[2]
        )
    assert found.loads[0].per_feed[0].answered > 0
    assert len(endpoint.by_image) == endpoint.by_image.total() > 4
