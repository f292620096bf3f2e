"""Which pictures are shown blurred, and what is said of what was made before they were."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, func, select

from data.store.tables import BlurredPicture, Blurring, Frame

FOLDER = "blurred"
WITHHELD = "Pictures of this drive were blurred; those between its frames and of other cameras are not shown."
"""What stands in place of a picture that lies beside blurred ones and has no blurred copy itself."""
ASKED_UNBLURRED = "asked with the unblurred picture"
_OF_COPY = 16
_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class BlurredCopy:
    """The file that is shown, the folder that it lies in, and its hash."""

    path: Path
    folder: Path
    sha256: str


def copy_name(image_sha256: str, blurred_sha256: str) -> str:
    """What a copy is called: after the original, so that an erasure finds it, and after itself, so that none takes
    another's place.

    >>> copy_name("ab12" * 16, "cd34" * 16)[60:]
    'ab12-cd34cd34cd34cd34.jpg'
    """
    return f"{image_sha256}-{blurred_sha256[:_OF_COPY]}.jpg"


def blurred_copies(session: Session, scenes: Collection[str] | None = None) -> dict[str, BlurredCopy]:
    """The copy that is shown of each blurred picture, by the original's hash: of the frames of some scenes, else of
    all."""
    query = _copies()
    if scenes is not None:
        shown = select(Frame.image_sha256).where(col(Frame.scene_id).in_(scenes))
        query = query.where(col(BlurredPicture.image_sha256).in_(shown))
    return dict(_read(session, query))


def blurred_copy(session: Session, image_sha256: str | None) -> BlurredCopy | None:
    """The copy that is shown in place of a picture; None for one that was never blurred."""
    query = _copies().where(BlurredPicture.image_sha256 == image_sha256)
    return dict(_read(session, query)).get(image_sha256 or "")


def _copies() -> Any:
    columns = (BlurredPicture.image_sha256, BlurredPicture.blurred_sha256, Blurring.folder)
    query = select(*columns).join(Blurring, col(Blurring.id) == BlurredPicture.blurring_id)
    return query.order_by(col(BlurredPicture.id))


def _read(session: Session, query: Any) -> Iterator[tuple[str, BlurredCopy]]:
    for original, blurred, place in session.exec(query):
        folder = Path(place)
        yield original, BlurredCopy(folder / copy_name(original, blurred), folder, blurred)


def scenes_with_blurred(session: Session, scenes: Collection[str]) -> set[str]:
    """Those of the scenes that have a blurred picture."""
    query = select(Frame.scene_id).join(
        BlurredPicture, col(BlurredPicture.image_sha256) == Frame.image_sha256
    )
    return set(session.exec(query.where(col(Frame.scene_id).in_(scenes)).distinct()))


def first_blurred_us(session: Session, hashes: Sequence[str]) -> dict[str, int]:
    """When each of the pictures was blurred first, by its hash; the others are left out."""
    found: dict[str, int] = {}
    for first in range(0, len(hashes), _AT_ONCE):
        query = select(BlurredPicture.image_sha256, func.min(BlurredPicture.blurred_at_us))
        some = col(BlurredPicture.image_sha256).in_(hashes[first : first + _AT_ONCE])
        found.update(session.exec(query.where(some).group_by(BlurredPicture.image_sha256)).all())
    return found
