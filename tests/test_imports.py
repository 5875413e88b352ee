"""What a fresh interpreter loads: light commands and serving know nothing of training."""

import json
import subprocess
import sys
import textwrap

import pytest

from until import HANGS

HEAVY = {"torch", "transformers", "sklearn", "pandas"}


def loaded_after(code, cwd):
    """The top-level modules that are loaded after `code` ran in a fresh interpreter."""
    tail = "\nimport json, sys\nprint(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code) + tail],
        cwd=cwd,
        check=True,
        capture_output=True,
        text=True,
        timeout=HANGS,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


COMMANDS = {
    "--help": """
        from trimtab.cli import main
        try:
            main(["--help"])
        except SystemExit as done:
            assert not done.code
    """,
    "plan": "from trimtab.cli import main; assert main(['plan']) == 0",
    "schema": "from trimtab.cli import main; assert main(['schema']) == 0",
    "doctor": "from trimtab.cli import main; main(['doctor'])",
    "serve": "import trimtab.serve.server",
    "watch": "import trimtab.loop.watch",
    "experiment": """
        from trimtab.experiment import EXPERIMENTS
        [EXPERIMENTS.load(name) for name in EXPERIMENTS]
    """,
}


@pytest.mark.parametrize("code", COMMANDS.values(), ids=COMMANDS)
def test_it_loads_no_training_library(project, code):
    assert not loaded_after(code, project) & HEAVY


def test_a_loaded_bundle_predicts_without_training_libraries(bundle, tmp_path):
    code = f"""
        from trimtab import load
        assert load({str(bundle.folder)!r}).predict(["lost card"]) == ["card"]
    """
    assert not loaded_after(code, tmp_path) & (
        HEAVY | {"polars", "fastapi", "grpc", "pydantic_core"} - {"pydantic_core"}
    )


def test_help_loads_no_third_party_library_at_all(tmp_path):
    assert not loaded_after(COMMANDS["--help"], tmp_path) & {"numpy", "pydantic", "rich", "yaml", "polars"}


def test_these_libraries_are_there_to_be_loaded(tmp_path):
    """Else the tests above would say nothing."""
    assert loaded_after("import torch, transformers, sklearn", tmp_path) >= HEAVY - {"pandas"}
