"""What is raised for bytes that are not of the form that they should be of."""

from __future__ import annotations


class WireError(ValueError):
    """Bytes cannot be read; the message says where and why."""
