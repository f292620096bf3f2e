"""Every code point there is, in Python and in the JavaScript that the browser runs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import unicodedata

import pytest

from data.text.visible import invisible_class, visible
from tests.repository import ROOT

HIDDEN_SOMEWHERE_ONCE = "\u061c\u00ad\u2028\u2029\u180e\U000e0041\u202e\u200b\ufeff\x1b\r"
"""Each of these was missing on the screens or in the reports, or is the case everybody knows."""
HIDDEN = {
    code
    for code in range(sys.maxunicode + 1)
    if unicodedata.category(chr(code)) in {"Cc", "Cf", "Zl", "Zp"} and chr(code) not in "\t\n"
}


def test_every_invisible_code_point_is_written_out_and_no_other_is_touched() -> None:
    changed = {code for code in range(sys.maxunicode + 1) if visible(chr(code)) != chr(code)}
    assert changed == HIDDEN
    assert len(HIDDEN) > 200
    assert all(visible(f"a{char}b") == f"a‹U+{ord(char):04X}›b" for char in HIDDEN_SOMEWHERE_ONCE)


def test_tabs_newlines_and_other_languages_stay_as_they_are() -> None:
    text = "Fußgänger\tüber\nden Zebrastreifen: 歩行者 🚧"
    assert visible(text) == text


def test_the_browser_writes_out_the_same_code_points() -> None:
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    script = (ROOT / "annotator/review_card/js/text.js").read_text(encoding="utf-8")
    script += f"setInvisible({json.dumps(invisible_class())}); const changed = [];"
    script += "for (let code = 0; code < 0x110000; code++) { const char = String.fromCodePoint(code);"
    script += "if (visible(char) !== char) changed.push([code, visible(char)]); }"
    script += "console.log(JSON.stringify(changed));"
    ran = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout) == [[code, f"‹U+{code:04X}›"] for code in sorted(HIDDEN)]
