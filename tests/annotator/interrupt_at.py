"""Runs `teletriage` and sends this process a real SIGINT when a named function is first entered.

python -m tests.annotator.interrupt_at FILE:FUNCTION WORDS…; FILE is the end of the path of the function's module.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

from annotator.__main__ import main


def _interrupt_at(place: str) -> None:
    file, _, function = place.rpartition(":")

    def watch(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_name == function and code.co_filename.endswith(file):
            sys.setprofile(None)
            os.kill(os.getpid(), signal.SIGINT)

    sys.setprofile(watch)


if __name__ == "__main__":
    _interrupt_at(sys.argv.pop(1))
    main()
