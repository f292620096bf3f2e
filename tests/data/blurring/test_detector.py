"""A detector is of one form or is refused in a sentence, and its boxes come back in the picture's own pixels."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from data.blurring.detector import LEAST_SCORE, open_detector
from data.blurring.live import LiveBlurring
from data.blurring.regions import Region
from data.errors import BlurRefused, DetectorFailed
from tests.builders import a_picture
from tests.data.blurring.tiny_model import INT64, a_detector

FOUND = [(16.0, 24.0, 32.0, 40.0, 0.9), (40.0, 24.0, 30.0, 20.0, 0.5), (0.0, 0.0, 64.0, 64.0, 0.1)]


def test_boxes_of_the_square_input_become_regions_of_the_wide_picture(tmp_path: Path) -> None:
    detector = open_detector(a_detector(tmp_path / "faces.onnx", FOUND))
    assert (detector.name, detector.size_px, len(detector.sha256)) == ("faces.onnx", (64, 64), 64)
    # 320x180 is fitted into 64x64 at a fifth of its size, 14 pixels from the top.
    assert detector.regions(Image.new("RGB", (320, 180))) == [
        Region(64, 34, 176, 146),
        Region(140, 24, 210, 56),
    ]
    assert LEAST_SCORE == 0.2
    bold = open_detector(a_detector(tmp_path / "faces.onnx", FOUND), least_score=0.6)
    assert len(bold.regions(Image.new("RGB", (320, 180)))) == 1


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"given": (1, 3, "height", "width")}, r"its input is \(1, 3, height, width\), not \(1, 3, H, W\)"),
        ({"given": (1, 64, 64, 3)}, r"its input is \(1, 64, 64, 3\)"),
        ({"given": (8, 3, 64, 64)}, r"its input is \(8, 3, 64, 64\)"),
        ({"given": (1, 3, 8, 8)}, r"its input is \(1, 3, 8, 8\)"),
        ({"numbers": 5}, r"gave an output of \(1, 3, 5\), not \(1, N, 6\)"),
        ({"kind": INT64}, "onnxruntime says"),
        ({"least_light": 0.1}, "numbers that are none"),
    ],
)
def test_what_does_not_fit_is_one_sentence(tmp_path: Path, more: dict[str, object], says: str) -> None:
    path = a_detector(tmp_path / "other.onnx", FOUND, **more)  # type: ignore[arg-type]
    with pytest.raises(BlurRefused, match=says) as refused:
        open_detector(path)
    assert "\n" not in str(refused.value)
    assert "is no detector of the form that is taken" in str(refused.value)


def test_files_that_are_no_models_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BlurRefused, match="cannot be read: No such file"):
        open_detector(tmp_path / "none.onnx")
    (tmp_path / "text.onnx").write_bytes(b"not a model")
    with pytest.raises(BlurRefused, match=r"text\.onnx is no detector"):
        open_detector(tmp_path / "text.onnx")


def test_a_picture_that_the_detector_fails_on_is_withheld_and_counted(tmp_path: Path) -> None:
    live = LiveBlurring(open_detector(a_detector(tmp_path / "faces.onnx", FOUND)))
    assert live.blur(a_picture()) != a_picture()
    for content in (a_picture(colour=(255, 255, 255)), b"no picture"):
        with pytest.raises(DetectorFailed, match="Withheld, since it could not be blurred"):
            live.blur(content)
    assert (live.blurred, live.withheld) == (1, 2)
