"""Reads folders of Hugging Face `datasets`: of `save_to_disk`, or the Parquet files of a repository."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

from trimtab.core.errors import DataError, suggestion
from trimtab.core.spec import FormatSpec
from trimtab.data.read_parquet import load as load_parquet
from trimtab.data.read_parquet import load_arrow
from trimtab.data.sources import Source
from trimtab.data.table import Table, join, table


def load(source: Source, form: FormatSpec) -> Table:
    """A Hugging Face dataset folder: its Arrow or Parquet files in order; classes by name, pictures as bytes.

    A folder with several splits is named down to the split: `data/train`, or the file of one split.
    """
    folder = source.path
    described = folder / "dataset_dict.json"
    if described.is_file():
        splits = _json(described).get("splits", [])
        raise DataError(
            source.name, f"holds the splits {', '.join(map(str, splits))}", f"name one, as {folder / 'train'}"
        )
    files = _files(folder)
    tables = [
        (load_arrow if path.suffix == ".arrow" else load_parquet)(Source(str(path), path.suffix[1:]), form)
        for path in files
    ]
    joined = join(tables)
    info = folder / "dataset_info.json"
    features = _json(info).get("features", {}) if info.is_file() else {}
    return table(source.name, _named(joined.frame, features, str(info)), modality=_modality(features))


def _files(folder: Path) -> list[Path]:
    state = folder / "state.json"
    if state.is_file():
        named = [folder / str(one.get("filename", "")) for one in _json(state).get("_data_files", [])]
        missing = next((path for path in named if not path.is_file()), None)
        if missing is not None:
            raise DataError(str(state), f"names {missing.name}, which is not there", "copy the folder again")
    else:
        named = sorted(
            path
            for sub in (folder, folder / "data")
            for path in (*sub.glob("*.arrow"), *sub.glob("*.parquet"))
        )
        splits = sorted({path.name.partition("-")[0].partition(".")[0] for path in named})
        if len(splits) > 1:
            raise DataError(
                str(folder),
                f"holds the splits {', '.join(splits)}",
                f"name its files, as {named[0].parent / splits[0]}-*",
            )
    if not named:
        raise DataError(
            str(folder), "holds no Arrow or Parquet file", "give a folder written by save_to_disk"
        )
    return named


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise DataError(str(path), f"not JSON ({error})", "copy the folder again") from error
    if not isinstance(value, dict):
        raise DataError(str(path), "is no JSON object", "copy the folder again")
    return value


def _named(frame: pl.DataFrame, features: dict[str, Any], place: str) -> pl.DataFrame:
    """Class numbers as names (-1 is missing), and pictures as their bytes."""
    columns = []
    for values in frame.iter_columns():
        feature = features.get(values.name)
        kind = feature.get("_type") if isinstance(feature, dict) else None
        if kind == "ClassLabel" and values.dtype.is_integer():
            columns.append(_classes(values, [str(name) for name in feature.get("names", [])], place))  # type: ignore[union-attr]
        elif kind == "Image" and isinstance(values.dtype, pl.Struct):
            columns.append(values.struct.field("bytes").alias(values.name))
        else:
            columns.append(values)
    return pl.DataFrame({one.name: one for one in columns})


def _classes(values: pl.Series, names: list[str], place: str) -> pl.Series:
    wrong = values.filter((values < -1) | (values >= len(names)))
    if len(wrong):
        raise DataError(
            place, f"class {wrong[0]} of column '{values.name}' has no name", suggestion(str(wrong[0]), names)
        )
    return values.replace_strict({-1: None, **dict(enumerate(names))}, default=None, return_dtype=pl.String)


def _modality(features: dict[str, Any]) -> str:
    kinds = {feature.get("_type") for feature in features.values() if isinstance(feature, dict)}
    return "image" if "Image" in kinds else "tabular"
