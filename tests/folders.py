"""Folders that live as long as the process: for what takes long to make and many tests use."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path


def kept_folder(name: str) -> Path:
    """A new folder, removed when the process ends."""
    made = Path(tempfile.mkdtemp(prefix=f"trimtab-{name}-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made
