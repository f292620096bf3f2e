"""CODA-LM's questions and answers, one JSON object a line.

Form: github.com/DLUT-LYZ/CODA-LM (README, "Original Format", and convert2vqa.py, which writes these lines):
`question_id`, `image` such as `val/images/0001.jpg`, `question`, `answer`. Lines on a region name a copy of the picture
with a red rectangle drawn in; they are taken for the picture that it was drawn in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from data.errors import SourceError
from data.sources.texts.said import Said, in_one_line

NAME = "CODA-LM"
KEYS = ("image", "question", "answer")
_REGION = re.compile(r"(.*/)?images_w_bb?oxes/([^/]+)_object_[^/]+\.jpg")
"""The README writes `images_w_bboxes`, the script `images_w_boxes`."""


def read_coda_lm(file: Path) -> Iterator[Said]:
    """Every answer with its question. Raises SourceError for the first line that is none."""
    try:
        with file.open(encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _said(line, f"{file}, line {number}")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"The texts {file} cannot be read: {error}.") from error


def _said(line: str, place: str) -> Said:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{place}, is no JSON: {in_one_line(line.strip())} ({error}).") from error
    if not isinstance(found, dict):
        raise SourceError(f"{place}, is {in_one_line(found)}, which is no object.")
    image, question, answer = (found.get(key) for key in KEYS)
    for key, value in zip(KEYS, (image, question, answer), strict=True):
        if not isinstance(value, str) or not value.strip():
            raise SourceError(f"{place}, has the {key} {in_one_line(value)}.")
    region = _REGION.fullmatch(str(image))
    picture = f"{region[1] or ''}images/{region[2]}.jpg" if region else str(image)
    return Said(picture, f"{question}\n{answer}")
