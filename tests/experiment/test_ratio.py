"""The split between arms is checked before any difference is believed."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from trimtab.experiment.base import Arm
from trimtab.experiment.ratio import SampleRatio, mismatch

COOKIE_CATS = Path(__file__).parents[3] / "shared" / "data" / "ab_cookie_cats" / "cookie_cats.csv"


def test_it_finds_the_known_mismatch_of_cookie_cats():
    found = SampleRatio()(Arm(44_700, 20_034), Arm(45_489, 20_119))
    assert found.statistic == pytest.approx(6.90, abs=0.005)
    assert found.p_value == pytest.approx(0.0086, abs=5e-5)
    assert found.alarm


@pytest.mark.skipif(not COOKIE_CATS.is_file(), reason="../shared/data/ab_cookie_cats is not on this machine")
def test_it_finds_it_in_the_file_itself():
    with COOKIE_CATS.open() as stream:
        counts = Counter(row["test_version"] for row in csv.DictReader(stream))
    assert mismatch(counts["gate_30"], counts["gate_40"])[1] == pytest.approx(0.0086, abs=5e-5)


def test_it_accepts_the_split_that_was_promised():
    assert not SampleRatio(variant_share=0.1)(Arm(9000), Arm(1010)).alarm
    assert SampleRatio(variant_share=0.5)(Arm(9000), Arm(1010)).alarm


def test_it_refuses_a_share_of_nothing():
    with pytest.raises(ValueError, match="between 0 and 1"):
        SampleRatio(variant_share=1.0)
