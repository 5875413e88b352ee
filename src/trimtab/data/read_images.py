"""Reads a folder of pictures: class by sub-folder, or by an index.csv beside them."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl

from trimtab.core.errors import DataError
from trimtab.core.optional import optional
from trimtab.core.spec import FormatSpec
from trimtab.data import read_csv
from trimtab.data.read_types import settle
from trimtab.data.sources import Source
from trimtab.data.table import Bad, Table, brief

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"})
INDEX = "index.csv"
_PATHS = ("file_name", "file", "path", "image", "filename")


def load(source: Source, form: FormatSpec) -> Table:
    """A folder of pictures: bytes in `image`, name in `file`, class in `label`.

    Without `index.csv` the class is the sub-folder. With it, each of its rows names a picture (in
    `file_name`, `file`, `path`, `image` or `filename`) and its other columns stay. A picture that is missing
    or cannot be opened is an unreadable row. Needs Pillow.
    """
    folder = source.path
    index = folder / INDEX
    rows = _indexed(folder, index, form) if index.is_file() else _by_folder(folder)
    bad, pictures, kept = [], [], []
    for row, name in enumerate(rows.frame["file"]):
        held, problem = _picture(folder, name)
        if problem:
            bad.append(Bad(int(rows.ids[row]), problem, "replace the file, or leave it out", str(name)))
        else:
            pictures.append(held)
            kept.append(row)
    frame = rows.frame[kept].with_columns(pl.Series("image", pictures, dtype=pl.Binary))
    return Table(
        rows.name, frame, rows.ids[kept], rows.total, rows.lines, (*rows.bad, *bad), modality="image"
    )


def _by_folder(folder: Path) -> Table:
    found = (path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    files = sorted(path for path in found if not _hidden(path.relative_to(folder)))
    if not files:
        allowed = ", ".join(sorted(SUFFIXES))
        raise DataError(str(folder), "the folder holds no pictures and no tables", f"give files of {allowed}")
    inside = [path.relative_to(folder) for path in files]
    columns = [pl.Series("file", [str(path) for path in inside], dtype=pl.String)]
    if any(len(path.parts) > 1 for path in inside):
        labels = [path.parts[0] if len(path.parts) > 1 else None for path in inside]
        columns.append(pl.Series("label", labels, dtype=pl.String))
    return Table(str(folder), pl.DataFrame(columns), np.arange(len(files)), len(files))


def _hidden(path: Path) -> bool:
    """True for what lies in a folder such as `.ipynb_checkpoints`, and for hidden files."""
    return any(part.startswith(".") for part in path.parts)


def _indexed(folder: Path, index: Path, form: FormatSpec) -> Table:
    found = settle(read_csv.load(Source(str(index), "csv"), form), form, texts=_PATHS)
    name = next((one for one in _PATHS if one in found.frame.columns), None)
    if name is None:
        raise DataError(f"{index}:1", "no column names the pictures", f"call it {' or '.join(_PATHS)}")
    frame = found.frame.rename({name: "file"}) if name != "file" else found.frame
    if name != "image" and "image" in frame.columns:
        raise DataError(f"{index}:1", f"both '{name}' and 'image' name pictures", "keep one of them")
    del folder
    return Table(found.name, frame, found.ids, found.total, found.lines, found.bad)


def _picture(folder: Path, name: str | None) -> tuple[bytes, str]:
    """The bytes of a picture, and what is wrong with it."""
    if not name:
        return b"", "the row names no picture"
    image = optional("PIL.Image", "data", "reader images")
    path = folder / name
    try:
        held = path.read_bytes()
        with image.open(BytesIO(held)) as opened:
            opened.load()  # `verify` would pass a JPEG that is cut off
    except FileNotFoundError:
        return b"", f"no such file: {path}"
    except Exception as error:  # Pillow raises what the format's own decoder raised
        return b"", f"{name} is no picture ({brief(error)})"
    return held, ""
