"""How an adapter says that a scene is of no use: raised where it is found, a `SceneSetAside` where scenes are made."""

from __future__ import annotations

from data.vocabulary import storable_text


class SceneUnusable(Exception):
    """A scene cannot be used; the message says why, as a sentence with the offending value in it."""


def check_name(name: str) -> None:
    """Raise SceneUnusable for a name of a file or a folder that a database or a screen would change."""
    if storable_text(name) != name or not name.isprintable():
        raise SceneUnusable(f"{name!a} is no name that can be stored; rename it.")
