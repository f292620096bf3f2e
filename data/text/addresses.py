"""Addresses as they may be written down."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit


def to_copy(address: str) -> str:
    """An address as it may be given again: with its user, without a password.

    >>> to_copy("postgresql+psycopg://ops:secret@10.0.0.7:5432/triage?sslmode=require")
    'postgresql+psycopg://ops@10.0.0.7:5432/triage?sslmode=require'
    >>> to_copy("workspace")
    'workspace'
    """
    parts = urlsplit(address)
    if not parts.netloc:
        return address
    user, _, host = parts.netloc.rpartition("@")
    who = f"{user.partition(':')[0]}@" if user else ""
    query = "" if "password" in parts.query else parts.query
    return urlunsplit((parts.scheme, who + host, parts.path, query, ""))


def without_password(address: str) -> str:
    """An address as it may be written down.

    >>> without_password("rtsp://ops:secret@10.0.0.7:554/front?token=x")
    'rtsp://10.0.0.7:554/front'
    """
    parts = urlsplit(address)
    if not parts.netloc:
        return address
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
