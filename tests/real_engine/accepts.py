"""Which texts xgrammar takes under a schema, as vLLM compiles it. Runs in the engine's environment.

stdin: {"schema": ..., "texts": [...]}; stdout: one truth value per text, as JSON. `spaced` in the input: without
disable_any_whitespace.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

END = 256


def main() -> None:
    """Compile the schema over single bytes and walk through each text."""
    xgrammar: Any = importlib.import_module("xgrammar")
    asked = json.load(sys.stdin)
    vocabulary = [bytes([byte]) for byte in range(END)] + [b"<end>"]
    known = xgrammar.TokenizerInfo(vocabulary, vocab_type=xgrammar.VocabType.RAW, stop_token_ids=[END])
    separators = None if asked.get("spaced") else (",", ":")  # as vllm.v1.structured_output.backend_xgrammar
    grammar = xgrammar.GrammarCompiler(known).compile_json_schema(
        json.dumps(asked["schema"]), any_whitespace=separators is None, separators=separators
    )
    print(json.dumps([_takes(xgrammar.GrammarMatcher(grammar), text) for text in asked["texts"]]))


def _takes(matcher: Any, text: str) -> bool:
    return bool(matcher.accept_string(text) and (matcher.is_terminated() or matcher.accept_token(END)))


if __name__ == "__main__":
    main()
