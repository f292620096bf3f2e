from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest

from annotator.pictures.signed_addresses import ImageRequest, checked_request, image_address

KEY, NOW = b"k" * 32, 1_000_000.0
REQUEST = ImageRequest("f" * 32, 7, 960)


def parts(address: str) -> tuple[str, dict[str, str]]:
    split = urlsplit(address)
    return split.path.removeprefix("frame/").removesuffix(".jpg"), dict(parse_qsl(split.query))


def test_a_signed_address_gives_its_request_back() -> None:
    frame_id, query = parts(image_address(KEY, REQUEST, now_s=NOW))
    assert checked_request(KEY, frame_id, query, now_s=NOW) == REQUEST


def test_an_address_stays_the_same_within_the_hour_and_runs_out() -> None:
    address = image_address(KEY, REQUEST, now_s=NOW)
    assert image_address(KEY, REQUEST, now_s=NOW + 60) == address
    frame_id, query = parts(address)
    assert checked_request(KEY, frame_id, query, now_s=NOW + 3600) == REQUEST
    assert checked_request(KEY, frame_id, query, now_s=NOW + 7201) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("p", "8"),
        ("w", "1600"),
        ("w", "17"),
        ("e", "9999999999"),
        ("s", "0" * 40),
        ("s", "é"),
        ("p", "x"),
        ("e", ""),
    ],
)
def test_a_changed_field_makes_it_invalid(field: str, value: str) -> None:
    frame_id, query = parts(image_address(KEY, REQUEST, now_s=NOW))
    assert checked_request(KEY, frame_id, {**query, field: value}, now_s=NOW) is None


def test_another_frame_or_another_key_makes_it_invalid() -> None:
    frame_id, query = parts(image_address(KEY, REQUEST, now_s=NOW))
    assert checked_request(KEY, "e" * 32, query, now_s=NOW) is None
    assert checked_request(b"x" * 32, frame_id, query, now_s=NOW) is None


@pytest.mark.parametrize("missing", ["p", "w", "e", "s"])
def test_a_missing_field_makes_it_invalid(missing: str) -> None:
    frame_id, query = parts(image_address(KEY, REQUEST, now_s=NOW))
    del query[missing]
    assert checked_request(KEY, frame_id, query, now_s=NOW) is None
