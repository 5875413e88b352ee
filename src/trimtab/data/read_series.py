"""Reads whole series, one a row: the `.ts` files of the UCR/UEA archive."""

from __future__ import annotations

import math

import numpy as np
import polars as pl

from trimtab.core.errors import DataError
from trimtab.core.spec import FormatSpec
from trimtab.data.read_csv import decode
from trimtab.data.sources import Source
from trimtab.data.table import Bad, Table


def load(source: Source, form: FormatSpec) -> Table:
    """UCR/UEA `.ts`: a row's series as the list column `values` (`values_1`, ... for several), and `label`.

    Bagnall et al. (2018), The UEA multivariate time series classification archive. `?` and `NaN` are nulls
    in a series. Series with time stamps are not of this reader; write them as rows of a table.
    """
    lines = decode(source.read(), form, source.name).decode("utf-8", "replace").splitlines()
    said, start = _header(lines, source.name)
    if said.get("timestamps", "false") == "true":
        raise DataError(source.name, "series with time stamps are not read", "write one row per time as CSV")
    real = [at for at in range(start, len(lines)) if lines[at].strip() and not lines[at].startswith("#")]
    named = next((said[key] for key in ("classlabel", "targetlabel") if key in said), "false")
    labelled = named.lower().split()[:1] == ["true"]
    target = "targetlabel" in said and "classlabel" not in said
    classes = frozenset() if target else frozenset(named.split()[1:])
    rows, bad, ids = [], [], []
    width = None
    for row, at in enumerate(real):
        parts = lines[at].split(":")
        found, problem = _row(
            parts[:-1] if labelled else parts, parts[-1].strip() if labelled else None, classes, target
        )
        if not problem and len(found) != (width := width or len(found)):
            problem = f"the row has {len(found)} series, the first has {width}"
        if problem:
            bad.append(Bad(row, problem, "mend the line", lines[at]))
        else:
            rows.append((found, parts[-1].strip() if labelled else None))
            ids.append(row)
    frame = _frame(rows, width or 1, labelled, target)
    numbers = np.array(real, np.int64) + 1
    return Table(
        source.name, frame, np.array(ids, np.int64), len(real), numbers, tuple(bad), modality="series"
    )


def _header(lines: list[str], name: str) -> tuple[dict[str, str], int]:
    """What stands before the rows, in lower case, and the number of the first line after it."""
    said: dict[str, str] = {}
    for at, line in enumerate(lines):
        if line.lower().startswith("@data"):
            return said, at + 1
        if line.startswith("@"):
            key, value = [*line[1:].split(maxsplit=1), "", ""][:2]
            said[key.lower()] = value.strip() if key.lower() == "classlabel" else value.strip().lower()
    raise DataError(name, "no line begins with @data", "give a .ts file of the UCR/UEA archive")


def _row(
    parts: list[str], label: str | None, classes: frozenset[str], target: bool
) -> tuple[list[list[float | None]], str]:
    """The series of a row, and what is wrong with it."""
    if not parts:
        return [], "the row has no series before its label"
    if label == "" or (label is not None and classes and label not in classes):
        return [], f"class '{label}' is not among those of @classLabel"
    if target and label is not None and not _is_number(label):
        return [], f"target '{label}' is no number"
    found: list[list[float | None]] = []
    for part in parts:
        try:
            found.append([_value(cell) for cell in part.split(",")])
        except ValueError as error:
            return [], f"no number: {error}"
    return found, ""


def _is_number(cell: str) -> bool:
    try:
        _value(cell)
    except ValueError:
        return False
    return True


def _value(cell: str) -> float | None:
    plain = cell.strip()
    if plain == "?":
        return None
    value = float(plain)
    return None if math.isnan(value) else value


def _frame(
    rows: list[tuple[list[list[float | None]], str | None]], width: int, labelled: bool, target: bool
) -> pl.DataFrame:
    names = ["values"] if width == 1 else [f"values_{at}" for at in range(1, width + 1)]
    columns = [
        pl.Series(name, [found[at] for found, _ in rows], dtype=pl.List(pl.Float64))
        for at, name in enumerate(names)
    ]
    if labelled:
        labels = [label for _, label in rows]
        numbers = [None if label is None else _value(label) for label in labels] if target else labels
        columns.append(pl.Series("label", numbers, dtype=pl.Float64 if target else pl.String))
    return pl.DataFrame(columns)
