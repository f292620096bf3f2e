"""Text of others in Markdown of ours."""

from __future__ import annotations

import re

from data.text.visible import visible


def markdown_text(text: str) -> str:
    r"""Untrusted text in one line of Markdown, its markup made harmless.

    >>> print(markdown_text("<b>|a|*"))
    &lt;b&gt;\|a\|\*
    """
    plain = " ".join(visible(text).split())
    plain = plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_{}\[\]#!|~])", r"\\\1", plain)
