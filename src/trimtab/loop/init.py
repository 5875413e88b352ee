"""Makes a project: a commented spec, and with an example its data too."""

from __future__ import annotations

import shutil
from importlib.resources import as_file, files
from pathlib import Path

from trimtab.core.errors import ConfigError, suggestion

SPEC = "trimtab.yaml"
BLANK = "blank"
"""The example that is a spec to fill in, without data."""


def examples() -> list[str]:
    """The examples that ship with trimtab."""
    return sorted(entry.name for entry in files("trimtab").joinpath("examples").iterdir() if entry.is_dir())


def init(example: str | None = None, into: Path | str | None = None, if_missing: bool = False) -> Path:
    """Copy an example (by default a spec to fill in) and return the spec's path; nothing is overwritten.

    Raises:
        ConfigError: no such example, or a spec stands there already (unless `if_missing`).
    """
    name = example or BLANK
    if name not in examples():
        raise ConfigError(f"example '{name}'", "there is no such example", suggestion(name, examples()))
    folder = Path(into) if into is not None else Path(example or ".")
    target = folder / SPEC
    if target.exists():
        if if_missing:
            return target
        raise ConfigError(
            str(target), "exists already, and is not overwritten", "use --into FOLDER or --if-missing"
        )
    folder.mkdir(parents=True, exist_ok=True)
    with as_file(files("trimtab").joinpath("examples", name)) as source:
        for path in sorted(source.rglob("*")):
            copy = folder / path.relative_to(source)
            if path.is_file() and path.name != SPEC and not copy.exists():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
        shutil.copyfile(source / SPEC, target)  # last: a killed init is seen as none
    return target
