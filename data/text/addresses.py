"""Addresses as they may be written down."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit


def without_password(address: str) -> str:
    """An address as it may be written down.

    >>> without_password("rtsp://ops:secret@10.0.0.7:554/front?token=x")
    'rtsp://10.0.0.7:554/front'
    """
    parts = urlsplit(address)
    if not parts.netloc:
        return address
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
