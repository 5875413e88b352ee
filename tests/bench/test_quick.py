"""Every benchmark passes its smoke check, and writes the JSON that the docs describe."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from parts.report import written

ROOT = Path(__file__).parents[2]
HANGS = 300
"""Seconds. A busy machine cannot keep the minute that --quick promises; what needs five is no smoke check."""
SHARED = ROOT.parent / "shared" / "data"
READ_SHARED = {"impute", "outliers"}
"""They measure on nothing but data sets that are not part of the project."""
NEEDED = {
    "label_errors": {"name"},
    "serving": {"name", "protocol", "concurrency", "qps", "p50_ms", "p99_ms", "errors", "accuracy"},
    "impute": {"data", "gap", "method", "rmse", "reference", "reference_rmse", "agrees"},
    "outliers": {"method", "windows", "found", "by_chance", "agrees_pct"},
    "runtime": {"name", "ms_a_text"},
    "augment": {"model", "data", "shots", "method", "seeds", "macro_f1"},
    "gate": {"name", "n", "rate", "low", "high", "promised"},
    "drift": {"name", "rate", "low", "high", "n"},
    "features": {"name", "width", "accuracy", "macro_f1", "over tfidf", "learn_s"},
    "clean": {"name", "seconds", "peak_mb", "rows_out", "content_hash"},
    "engines": {"name", "recipe", "rows_s_core", "peak_mb", "written", "moved", "content_hash"},
    "duplicates": {"name", "docs_per_s", "recall", "precision", "peak_mb"},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(NEEDED))
def test_it_runs_quickly_and_writes_its_rows(name, tmp_path):
    if name in READ_SHARED and not SHARED.is_dir():
        pytest.skip("no folder ../shared/data: it is not part of the project")
    out = tmp_path / "out.json"
    command = [sys.executable, ROOT / "bench" / f"{name}.py", "--quick", "--json", out]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANGS, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    result = json.loads(out.read_text())
    assert {"cpu", "threads", "packages", "date"} <= set(result["machine"])
    assert result["rows"]
    assert all(NEEDED[name] <= set(row) for row in result["rows"])
    if name == "serving":
        assert {row["name"] for row in result["rows"]} == {
            "naive", "unpadded", "ort-fp32", "ort-int8", "batching", "student", "cascade", "deployed",
            "ort-fp32-batched",
        }  # fmt: skip
        assert {row["protocol"] for row in result["rows"] if row["name"] == "naive"} == {"rest", "grpc"}
        assert not any(row["errors"] for row in result["rows"])
        assert {name.partition(":")[0] for name in result["ratios"]} == {"rest", "grpc"}
        assert len(result["subject"]["model"]) == 64


def test_every_benchmark_has_its_smoke_check():
    scripts = {path.stem for path in (ROOT / "bench").glob("*.py")}  # parts are no benchmarks: bench/parts
    assert scripts - {"replay_oos"} == set(NEEDED)  # replay_oos: tests/loop/test_replay.py


def test_kept_results_have_a_line_for_each_row():
    results = (ROOT / "bench" / "results").glob("*.json")
    for path in (each for each in results if not each.stem.endswith("-quick")):
        kept = path.read_text(encoding="utf-8")
        assert kept == written(json.loads(kept)), path.name
