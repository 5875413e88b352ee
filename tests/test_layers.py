"""The rooms' layers, as import-linter reads them from .importlinter."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
HEAVY = ("torch", "transformers", "sklearn", "onnxruntime", "fastapi", "optuna", "altair")


def test_the_layers_hold():
    command = [Path(sys.executable).parent / "lint-imports", "--no-cache"]
    done = subprocess.run(
        command, cwd=ROOT, check=False, capture_output=True, text=True, env=os.environ | {"NO_COLOR": "1"}
    )
    assert "Contracts: 3 kept, 0 broken." in done.stdout, done.stdout


def test_a_heavy_library_is_named_in_the_files_of_few_rooms():
    """Core, data, serve, monitor and experiment never import what they may not load."""
    for room in ("core", "data", "monitor", "experiment"):
        for file in (ROOT / "src" / "trimtab" / room).rglob("*.py"):
            imports = [line.split()[1] for line in file.read_text().splitlines() if _imports(line)]
            assert not {name.split(".")[0] for name in imports} & set(HEAVY), file


def _imports(line):
    return line.lstrip().startswith(("import ", "from "))
