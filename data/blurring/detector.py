"""The detector of faces and number plates that a user names: an ONNX file of one form, run by onnxruntime on the CPU.

Input: one float32 tensor (1, 3, H, W), H and W fixed. The picture in RGB from 0 to 1, scaled to fit with its shape
kept, in the middle; what is left over is 114/255. Output: one float32 tensor (1, N, 6), for each box left, top, right,
bottom in pixels of the input, its score from 0 to 1, and its class, which is not looked at: every box is blurred.
YOLO models exported with their non-maximum suppression have this form. The file must hold its own weights.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from data.blurring.regions import Region, with_margin
from data.errors import BlurRefused, DetectorFailed

LEAST_SCORE = 0.2
"""Low, since a face that is missed costs more than a wall that is blurred."""
MARGIN = 0.2
_AROUND = 114
_SIDES_PX = range(32, 4097)
_NUMBERS = 6
_MOST_BYTES = 2_000_000_000


@dataclass(frozen=True)
class Detector:
    """A detector that was opened and tried once. `size_px`: width and height of its input. Threads may share it."""

    name: str
    sha256: str
    least_score: float
    size_px: tuple[int, int]
    _session: Any
    _input: str

    def regions(self, image: Image.Image) -> list[Region]:
        """What is to be blurred of an upright picture in colour. Raises DetectorFailed: it breaks, or its output is not
        what it was when it was opened."""
        scale, corner, tensor = _fitted(image, self.size_px)
        found = self._run(tensor)
        found = found[found[:, 4] >= self.least_score]
        left, right = np.sort(found[:, [0, 2]], axis=1).T
        top, bottom = np.sort(found[:, [1, 3]], axis=1).T
        boxes = (np.stack([left, top, right, bottom], axis=1) - np.tile(corner, 2)) / scale
        regions = (with_margin(tuple(map(float, one)), image.size, MARGIN) for one in boxes)  # type: ignore[arg-type]
        return [one for one in regions if one is not None]

    def _run(self, tensor: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        try:
            found = np.asarray(self._session.run(None, {self._input: tensor})[0])
        except Exception as error:
            raise DetectorFailed(f"The detector {self.name} broke: {_first_line(error)}") from error
        if found.ndim != 3 or found.shape[0] != 1 or found.shape[2] != _NUMBERS:  # noqa: PLR2004
            raise DetectorFailed(f"The detector {self.name} gave an output of {found.shape}, not (1, N, 6).")
        if not np.isfinite(found).all():
            raise DetectorFailed(f"The detector {self.name} gave numbers that are none.")
        return np.asarray(found[0], dtype=np.float32)


def _fitted(
    image: Image.Image, size_px: tuple[int, int]
) -> tuple[float, npt.NDArray[np.float64], npt.NDArray[np.float32]]:
    """(how many of the input's pixels one of the picture's is, its corner there, the tensor)."""
    scale = min(size_px[0] / image.width, size_px[1] / image.height)
    inner = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    corner = ((size_px[0] - inner[0]) // 2, (size_px[1] - inner[1]) // 2)
    whole = Image.new("RGB", size_px, (_AROUND, _AROUND, _AROUND))
    whole.paste(image.resize(inner, Image.Resampling.BILINEAR), corner)
    pixels = np.asarray(whole, dtype=np.float32).transpose(2, 0, 1)[None] / 255
    return scale, np.array(corner, dtype=np.float64), np.ascontiguousarray(pixels)


def open_detector(path: Path, *, least_score: float = LEAST_SCORE) -> Detector:
    """Open a model and try it on a grey picture. Raises BlurRefused with what does not fit."""
    session, content = _session(path)
    given, gives = session.get_inputs(), session.get_outputs()
    if len(given) != 1 or len(gives) != 1:
        raise _not_of_the_form(path, f"it has {len(given)} inputs and {len(gives)} outputs, not one of each")
    if given[0].type != "tensor(float)" or gives[0].type != "tensor(float)":
        raise _not_of_the_form(path, f"it takes {given[0].type} and gives {gives[0].type}, not float32")
    shape = list(given[0].shape)
    fits = len(shape) == 4 and shape[1] == 3 and (shape[0] == 1 or not isinstance(shape[0], int))  # noqa: PLR2004
    if not fits or not all(isinstance(one, int) and one in _SIDES_PX for one in shape[2:]):
        raise _not_of_the_form(path, f"its input is {_written(shape)}, not (1, 3, H, W) with fixed H and W")
    size_px = (int(shape[3]), int(shape[2]))
    digest = hashlib.sha256(content).hexdigest()
    detector = Detector(path.name, digest, least_score, size_px, session, given[0].name)
    try:
        detector.regions(Image.new("RGB", size_px, (_AROUND, _AROUND, _AROUND)))
    except DetectorFailed as error:
        raise _not_of_the_form(path, f"tried on a grey picture: {str(error).rstrip('.')}") from error
    return detector


def _session(path: Path) -> tuple[Any, bytes]:
    try:
        import onnxruntime  # noqa: PLC0415 - an optional extra, and 100 MB of memory
    except ImportError as error:
        raise BlurRefused(
            "A detector is run by onnxruntime, which is not installed: `pip install 'teletriage[blur]'`."
        ) from error
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise _not_of_the_form(path, f"it has more than {_MOST_BYTES:,} bytes")
        content = path.read_bytes()
    except OSError as error:
        raise BlurRefused(f"The detector {path} cannot be read: {error.strerror}.") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # pictures are blurred side by side
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"]), content
    except Exception as error:
        raise _not_of_the_form(path, f"onnxruntime says: {_first_line(error)}") from error


def _not_of_the_form(path: Path, what: str) -> BlurRefused:
    return BlurRefused(
        f"{path} is no detector of the form that is taken: {what.rstrip('.')}. The manual says what it must be."
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]


def _written(shape: list[Any]) -> str:
    return f"({', '.join('any' if one is None else str(one) for one in shape)})"
