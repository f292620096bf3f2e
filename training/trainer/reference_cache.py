"""Log-probabilities under the reference, kept from the first time a pair is seen: the reference never changes."""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from data.hashing import canonical_json

if TYPE_CHECKING:
    from training.pairs.preference_dataset import WeighedPair

Logps = tuple[float, float]
"""(chosen, rejected), each summed over the answer's tokens, in nats."""


def reference_keys(pairs: Sequence[WeighedPair], *, setting: dict[str, object]) -> dict[str, str]:
    """Pair id -> what its reference log-probabilities depend on, as SHA-256 in hex.

    `setting`: the model, the processor and how they are run. The weight is not in it, so that SA-DPO and Standard DPO
    share what they know.
    """
    return {weighed.pair.pair_id: _key(weighed, setting) for weighed in pairs}


def _key(weighed: WeighedPair, setting: dict[str, object]) -> str:
    read = {"prompt", "chosen", "rejected", "image_sha256", *(["earlier"] if weighed.pair.earlier else [])}
    sides = weighed.pair.model_dump(mode="json", include=read)
    return hashlib.sha256(canonical_json({**sides, **setting}).encode()).hexdigest()


class ReferenceCache:
    """One line per pair in `file`, appended as soon as it is known; a last line that was cut off is skipped.

    `keys`: `reference_keys` of the run's pairs. Several runs may name one file: each finds what is its own.
    """

    def __init__(self, file: Path, keys: dict[str, str]) -> None:
        self._file = file
        self._keys = keys
        self._known = _read(file)

    def find(self, pair_ids: Sequence[str]) -> list[Logps] | None:
        """What is known of all these pairs, in their order; None if any is unknown."""
        found = [self._known.get(self._keys[pair_id]) for pair_id in pair_ids]
        return [logps for logps in found if logps is not None] if all(found) else None

    def add(self, found: Sequence[tuple[str, Logps]], *, write: bool = True) -> None:
        """Remember (pair id, log-probabilities); what was known before stays. Only one process may `write`."""
        new = {
            self._keys[pair_id]: logps for pair_id, logps in found if self._keys[pair_id] not in self._known
        }
        self._known |= new
        if write and new:
            _append(self._file, new)


def _read(file: Path) -> dict[str, Logps]:
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return {key: logps for line in lines for key, logps in _parsed(line)}


def _parsed(line: str) -> list[tuple[str, Logps]]:
    try:
        fields = json.loads(line)
        return [(str(fields["key"]), (float(fields["chosen"]), float(fields["rejected"])))]
    except (ValueError, KeyError, TypeError):
        return []  # a process that was killed while writing leaves half a line


def _append(file: Path, new: dict[str, Logps]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(
        json.dumps({"key": key, "chosen": chosen, "rejected": rejected}) + "\n"
        for key, (chosen, rejected) in new.items()
    )
    with file.open("a", encoding="utf-8") as lines:
        fcntl.flock(
            lines, fcntl.LOCK_EX
        )  # runs on one snapshot may share the file, and long texts leave in pieces
        lines.write(text if _ends_a_line(file) else f"\n{text}")


def _ends_a_line(file: Path) -> bool:
    with file.open("rb") as lines:
        lines.seek(0, 2)
        if lines.tell() == 0:
            return True
        lines.seek(-1, 2)
        return lines.read() == b"\n"
