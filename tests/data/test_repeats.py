"""Rows that share a key, found share by share."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trimtab.data.ahead import ahead
from trimtab.data.repeats import Repeats


@given(st.lists(st.lists(st.integers(0, 60) | st.integers(2**64 - 3, 2**64 - 1), max_size=30), max_size=5))
def test_it_finds_the_rows_whose_key_came_more_than_once(tmp_path_factory, blocks):
    repeats = Repeats(tmp_path_factory.mktemp("repeats"))
    rows = np.split(np.arange(sum(map(len, blocks))), np.cumsum([len(block) for block in blocks])[:-1])
    for block, held in zip(blocks, rows, strict=False):
        repeats.add(np.array(block, np.uint64), held)
    everything = [value for block in blocks for value in block]
    expected = [row for row, value in enumerate(everything) if everything.count(value) > 1]
    assert repeats.found().tolist() == expected


def test_it_works_ahead_in_order_and_hands_errors_on():
    assert list(ahead(lambda n: n * n, range(20), workers=4)) == [n * n for n in range(20)]
    assert list(ahead(abs, [])) == []
    held = ahead(lambda n: 1 // n, [1, 0, 2])
    assert next(held) == 1
    try:
        next(held)
    except ZeroDivisionError:
        return
    raise AssertionError("the error was lost")
