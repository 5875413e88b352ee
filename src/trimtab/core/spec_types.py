"""Kinds of values that options take: amounts with units, characters, column types, engines."""

from __future__ import annotations

import codecs
import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from trimtab.core import units

Seconds = Annotated[
    float,
    BeforeValidator(units.seconds),
    PlainSerializer(units.write_seconds, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": "^[0-9.]+ *(us|ms|s|m|h|d)$", "examples": ["15ms", "20m"]}),
]
Bytes = Annotated[
    int,
    BeforeValidator(units.size_bytes),
    PlainSerializer(units.write_size, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": "^[0-9.]+ *([kKMG]?B|[KMG]iB)$", "examples": ["25MB"]}),
]
Share = Annotated[
    float,
    BeforeValidator(units.share),
    WithJsonSchema(
        {"type": ["number", "string"], "pattern": "^[0-9.]+ *(pt|%)?$", "examples": ["0.5pt", 0.005]}
    ),
]


def _encoding(value: Any) -> Any:
    try:
        found = codecs.lookup(value).name
        "".encode(found).decode(found)  # LookupError of one that is not of text, such as hex
        return found
    except (LookupError, TypeError, ValueError) as error:
        raise ValueError(
            "allowed: an encoding that Python knows, such as utf-8, gb18030 or latin-1"
        ) from error


def _character(value: Any) -> Any:
    if value is None or (
        isinstance(value, str) and len(value) == 1 and value.isascii() and value not in "\r\n"
    ):
        return value
    raise ValueError("allowed: one ASCII character, such as ';' or \"\\t\"")


def _column_type(value: Any) -> Any:
    kind, _, layout = value.partition(" ") if isinstance(value, str) else ("", "", "")
    if kind in COLUMN_TYPES and (not layout or (kind.startswith("date") and "%" in layout)):
        return value
    raise ValueError(f"allowed: {', '.join(COLUMN_TYPES)}; a date may name its format, as in 'date %d.%m.%Y'")


def _retrain(value: Any) -> Any:
    """`auto` would train the same rows with the same seed again, and get the same model."""
    if value == "auto":
        raise ValueError(
            "allowed: 'propose' or 'off'; without newly labelled rows a run makes the same model again, "
            "so add them to data.train, then `trimtab run`"
        )
    return value


def _engine(value: Any) -> Any:
    if isinstance(value, str) and (
        value in ("local", "ray") or re.fullmatch(r"ray://[^\s/]+:\d{1,5}", value)
    ):
        return value
    raise ValueError("allowed: 'local', 'ray' or 'ray://HOST:PORT'")


COLUMN_TYPES = ("int", "float", "bool", "text", "date", "datetime")
Encoding = Annotated[str, BeforeValidator(_encoding), WithJsonSchema({"type": "string"})]
Quote = Annotated[
    str,
    BeforeValidator(lambda value: value if value == "" else _character(value)),
    WithJsonSchema({"type": "string", "maxLength": 1}),
]
Character = Annotated[str, BeforeValidator(_character), WithJsonSchema({"type": "string", "maxLength": 1})]
ColumnType = Annotated[
    str,
    BeforeValidator(_column_type),
    WithJsonSchema({"type": "string", "examples": ["int", "date %d.%m.%Y"]}),
]

Engine = Annotated[
    str,
    BeforeValidator(_engine),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^(local|ray|ray://[^\s/]+:[0-9]{1,5})$",
            "examples": ["local", "ray", "ray://head:10001"],
        }
    ),
]
Retrain = Annotated[Literal["propose", "off"], BeforeValidator(_retrain)]
