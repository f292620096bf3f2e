"""The libraries' own prints and progress bars, kept off stdout: that belongs to a command's result."""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Iterator

import datasets
from transformers.utils import logging as transformers_logging


@contextlib.contextmanager
def library_chatter_to_stderr() -> Iterator[None]:
    """Everything printed inside goes to stderr, without progress bars and repeated warnings."""
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # untyped
    datasets.disable_progress_bars()
    with contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=FutureWarning)
        warnings.filterwarnings("ignore", message=".*pin_memory.*")
        yield
