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
    rows = {row["name"]: row for row in json.loads(out.read_text())["rows"]}
    assert rows["known/least=0.1"]["alarms"] == 0
    assert rows["held-back 20%/least=0.1"]["alarms"] == rows["held-back 20%/least=0.1"]["streams"]
    assert rows["held-back 50%/least=0.1"]["median_requests"] == 500
    assert all(row["early"] == 0 for name, row in rows.items() if name.endswith("least=0.1"))
