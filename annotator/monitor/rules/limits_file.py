"""Reading limits that somebody set in a file."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from annotator.monitor.rules.limits import Limits
from data.errors import FeedError
from data.text.strict_yaml import YAMLError, read_yaml


def read_limits(path: Path | None) -> Limits:
    """The limits of a file over the defaults. Raises FeedError with the entry that is wrong."""
    if path is None:
        return Limits()
    try:
        return Limits.model_validate(read_yaml(path.read_text(encoding="utf-8")) or {})
    except OSError as error:
        raise FeedError(f"The limits file {path} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, YAMLError) as error:
        raise FeedError(f"The limits file {path} cannot be read: {' '.join(str(error).split())}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        name = " ".join(map(str, first["loc"])) or "the file"
        raise FeedError(f"{path}: {name}: {first['msg'].lower()}.") from error
