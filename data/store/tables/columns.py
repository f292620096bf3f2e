"""The columns that rows are made of."""

from __future__ import annotations

from enum import Enum
from typing import Any

from sqlalchemy import JSON, BigInteger, String, Text, TypeDecorator
from sqlalchemy.engine import Dialect
from sqlmodel import Field


class EnumText(TypeDecorator[Enum]):
    """An enum stored as its value in plain text, so that a new member needs no migration."""

    impl = String(32)
    cache_ok = True

    def __init__(self, kind: type[Enum] | None = None) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: Enum | None, dialect: Dialect) -> str | None:
        return None if value is None else str(value.value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Enum | None:
        return None if value is None or self.kind is None else self.kind(value)


def enum_column(kind: type[Enum], **kwargs: Any) -> Any:
    return Field(sa_type=EnumText(kind), **kwargs)


def time_column(**kwargs: Any) -> Any:
    return Field(sa_type=BigInteger, **kwargs)


def text_column(**kwargs: Any) -> Any:
    return Field(sa_type=Text, **kwargs)


def json_column(**kwargs: Any) -> Any:
    return Field(sa_type=JSON, **kwargs)
