"""Pictures in which people had faces and number plates blurred."""

from __future__ import annotations

from sqlmodel import Field, SQLModel

from data.store.tables.columns import text_column, time_column


class Blurring(SQLModel, table=True):
    """Somebody had faces and number plates blurred, and says why. Appended only.

    `subject`: what was named, empty for every frame; `folder`: where the copies lie. `detector`: the file's name of the
    model that looked for more than the data set's boxes, `detector_sha256` its content, both None where none did;
    `least_score`: from which score on its boxes counted.
    """

    id: int | None = Field(default=None, primary_key=True)
    subject: str = text_column()
    why: str = text_column()
    folder: str = text_column()
    detector: str | None = text_column(default=None)
    detector_sha256: str | None = Field(default=None, max_length=64)
    least_score: float | None = None
    person_id: int = Field(foreign_key="person.id", index=True)
    begun_at_us: int = time_column()


class BlurredPicture(SQLModel, table=True):
    """A picture that is shown blurred from then on, by whatever frame has it; of several rows the last counts. Appended
    only.

    `image_sha256`: of the picture as it was ingested, `blurred_sha256` of the copy that is shown. `regions`: how many
    were blurred in this copy, `boxes` of them from boxes of the data set; None where it has none of the picture.
    """

    __tablename__ = "blurred_picture"

    id: int | None = Field(default=None, primary_key=True)
    blurring_id: int = Field(foreign_key="blurring.id", index=True)
    image_sha256: str = Field(max_length=64, index=True)
    blurred_sha256: str = Field(max_length=64)
    regions: int
    boxes: int | None = None
    blurred_at_us: int = time_column()
