"""Which files of a workspace go with erased pictures, and taking them away. Knows no store.

A file goes for its place (the picture itself, a source clip of it), for its name (renditions, model pictures, clips and
spools are named after a picture's hash or an alert) or for its content (a copy under any name). Snapshots are left out.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from data.errors import EraseRefused
from data.hashing import file_hash
from data.images.inspection import leads_inside
from data.pictures.sheets import pictures_on_sheet
from data.scenarios.plan_folder import OUTPUTS, PLAN
from data.snapshot.folder import MANIFEST, PAIRS

Progress = Callable[[int, int], None]
"""Called with (files looked at, files in all)."""
_PICTURES = frozenset({".jpg", ".jpeg", ".png", ".unfinished"})


@dataclass(frozen=True)
class Going:
    """What goes. `names`: hashes of pictures, ids of frames and of alerts; `hashes`: of pictures of which every copy
    goes; `paths`: files that go whatever they hold; `scenes`: ids of the scenes whose source clips go. `renditions`:
    the folder whose files are named after pictures, `staying` the hashes of those that stay."""

    names: frozenset[str]
    hashes: frozenset[str] = frozenset()
    paths: frozenset[Path] = frozenset()
    scenes: frozenset[str] = frozenset()
    renditions: Path | None = None
    staying: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Removed:
    """How many files went, and how large they were."""

    files: int = 0
    bytes: int = 0


def remove_files(roots: Iterable[Path], going: Going, progress: Progress | None = None) -> Removed:
    """Take away what goes below the folders. Raises EraseRefused for a file that cannot be taken away."""
    every = sorted({path for root in roots for path in files_below(root)})
    paths = going.paths | {clip for path in every if path.name == PLAN for clip in source_clips(path, going)}
    files = size = 0
    for number, path in enumerate(every, start=1):
        if path in paths or goes_by_name(path, going) or _goes_by_content(path, going):
            size += _taken_away(path)
            files += 1
        if progress:
            progress(number, len(every))
    return Removed(files, size)


def files_below(root: Path) -> Iterator[Path]:
    """The files of a folder, all links resolved once; neither links nor snapshots are gone into."""
    for place, folders, names in os.walk(root.resolve()):
        if MANIFEST in names and PAIRS in names:
            folders.clear()
            continue
        for name in names:
            path = Path(place, name)
            if not path.is_symlink():
                yield path


def goes_by_name(path: Path, going: Going) -> bool:
    """Whether a file, or a folder that it lies in, is named after something that goes; and renditions that are named
    after no picture of the store, as those of pictures between keyframes are: they are made again when somebody looks.

    >>> going = Going(frozenset({"ab12"}), renditions=Path("images"), staying=frozenset({"cd34"}))
    >>> [goes_by_name(Path(one), going) for one in ("images/ab12-400.jpg", "ab12.before.mp4", "moments/ab12/7.jpg")]
    [True, True, True]
    >>> [goes_by_name(Path(one), going) for one in ("images/ef56-400.jpg", "images/cd34-400.jpg", "mine/ef56-400.jpg")]
    [True, False, False]
    """
    if any(_key(part) in going.names for part in path.parts):
        return True
    return going.renditions in path.parents and _key(path.name) not in going.staying


def _key(name: str) -> str:
    return name.partition(".")[0].partition("-")[0]


def _goes_by_content(path: Path, going: Going) -> bool:
    if path.suffix.lower() not in _PICTURES:
        return False
    try:
        return file_hash(path) in going.hashes or not pictures_on_sheet(path).isdisjoint(going.names)
    except FileNotFoundError:  # a rendition that somebody else let go meanwhile
        return False


def source_clips(plan: Path, going: Going) -> Iterator[Path]:
    """The clips that a plan has made of scenes that go, and what a generator made of them; lines that are none are
    left."""
    for line in plan.read_text(encoding="utf-8", errors="replace").split("\n"):
        try:
            row = json.loads(line)
            scene, clip, name = str(row["source_scene_id"]), str(row["source_clip"]), str(row["name"])
        except (ValueError, TypeError, KeyError):
            continue
        if scene in going.scenes:
            made = (plan.parent / OUTPUTS).glob(f"{name}*") if name.isprintable() and "/" not in name else ()
            yield from (
                one.resolve() for one in (plan.parent / clip, *made) if leads_inside(one, plan.parent)
            )


def _taken_away(path: Path) -> int:
    try:
        size = path.stat().st_size
        path.unlink()
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise EraseRefused(
            f"{path} cannot be deleted: {error.strerror}. Its picture is shown nowhere any more; mend that and run the "
            "same command again."
        ) from error
    return size
