"""Replayed bank queries: silence over known intents, an alarm over intents the model never saw."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data" / "en_banking77_oos"


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data/en_banking77_oos is not on this machine")
def test_it_is_silent_over_known_intents_and_alarmed_by_held_back_ones(tmp_path):
    out = tmp_path / "replay.json"
    command = [sys.executable, ROOT / "bench" / "replay_oos.py", "--quick", "--data", DATA, "--json", out]
    subprocess.run(command, check=True, capture_output=True, timeout=600)
    rows = json.loads(out.read_text())["rows"]
    streams = {(row["name"], row["window"], row.get("least")): row for row in rows}
    for window in (250, 500, 1000):
        assert streams["stream/0%", window, 0.1]["alarms"] == 0
        assert streams["stream/50%", window, 0.1]["alarms"] == streams["stream/50%", window, 0.1]["streams"]
        assert streams["stream/50%", window, 0.1]["early"] == 0
    served = {row["name"]: row for row in rows if row["name"].startswith("served/")}
    assert all(row["errors"] == 0 and row["looks"] == 4 for row in served.values())
    assert (served["served/0%"]["before"], served["served/0%"]["after"]) == ("keep", "keep")
    assert (served["served/20%"]["before"], served["served/20%"]["after"]) == ("keep", "retrain")
