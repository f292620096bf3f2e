"""How one person wants the review screen: single-key shortcuts on or off, which key does what, the day's target."""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from data.errors import SettingsRefused
from data.people.permissions import Act, require
from data.store.opening import Store
from data.store.tables import PersonSettings

DEFAULT_KEYS: dict[str, str] = {
    "autonomy": "1",
    "supervision": "2",
    "teleoperation": "3",
    "accept": "Enter",
    "take": "t",
    "unsure": "q",
    "undo": "u",
    "skip": "s",
    "flag": "f",
    "edit": "e",
    "play": " ",
    "boxes": "b",
    "cameras": "c",
    "before": "ArrowLeft",
    "after": "ArrowRight",
    "up": "ArrowUp",
    "down": "ArrowDown",
    "zoom": "z",
    "zoom_in": "+",
    "zoom_out": "-",
    "implausible": "x",
    "stack": "k",
    "guideline": "g",
    "help": "?",
}
"""What each act's key is until a person chooses another; names as the browser's KeyboardEvent.key has them."""
_SPARE = ("F2", "F4", "F6", "F7", "F8", "F9", "F10", "Insert")
_NAMED = {
    *_SPARE,
    " ",
    "Enter",
    "ArrowLeft",
    "ArrowRight",
    "ArrowUp",
    "ArrowDown",
    "Home",
    "End",
    "PageUp",
    "PageDown",
    "Delete",
}


class CardSettings(BaseModel):
    """What a person may choose. `keys_on` off leaves only what the browser itself does with a key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keys_on: bool = True
    keys: dict[str, str] = Field(default_factory=lambda: dict(DEFAULT_KEYS))
    daily_target: int = Field(default=200, ge=1, le=10_000)
    tour_done: bool = False

    @model_validator(mode="after")
    def _keys_are_distinct(self) -> Self:
        if set(self.keys) != set(DEFAULT_KEYS):
            raise ValueError("every act needs exactly one key")
        for act, key in self.keys.items():
            if key not in _NAMED and (len(key) != 1 or not key.isprintable() or key.isspace()):
                raise ValueError(f"{key!r} cannot be the key for {act}")
        chosen = [key.lower() for key in self.keys.values()]
        if doubled := {key for key in chosen if chosen.count(key) > 1}:
            raise ValueError(f"{sorted(doubled)[0]!r} is assigned twice")
        return self


def settings_of(store: Store, person_id: int) -> CardSettings:
    """A person's settings; the defaults where nothing was chosen, or where what was stored no longer fits."""
    with store.read() as session:
        row = session.get(PersonSettings, person_id)
    try:
        return CardSettings.model_validate(_with_new_acts(row.settings) if row else {})
    except ValidationError:
        return CardSettings()


def _with_new_acts(stored: dict[str, Any]) -> dict[str, Any]:
    """What was stored before the card could do as much: acts that came since have their default key, or a spare one
    where the person has given theirs to another act."""
    keys = stored.get("keys")
    if not isinstance(keys, dict):
        return stored
    chosen = {act: key for act, key in keys.items() if act in DEFAULT_KEYS}
    for act, key in DEFAULT_KEYS.items():
        if act not in chosen:
            taken = {str(one).lower() for one in chosen.values()}
            chosen[act] = next(one for one in (key, *_SPARE) if one.lower() not in taken)
    return {**stored, "keys": chosen}


def save_settings(store: Store, person_id: int, chosen: dict[str, object]) -> CardSettings:
    """Keep a person's settings. Raises NotAllowed, and SettingsRefused with the first thing that is wrong."""
    try:
        settings = CardSettings.model_validate(chosen)
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingsRefused(f"Not saved: {first['msg'].removeprefix('Value error, ')}.") from error
    with store.write() as session:
        require(session, person_id, Act.REVIEW)
        row = session.get(PersonSettings, person_id) or PersonSettings(person_id=person_id, changed_at_us=0)
        row.settings, row.changed_at_us = settings.model_dump(), store.now_us(session)
        session.add(row)
    return settings
