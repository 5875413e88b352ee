"""Keys are counted, not parsed: a line that gives one key two values is always found."""

import json

import numpy as np
import polars as pl
from hypothesis import given, reject
from hypothesis import strategies as st

from trimtab.data.json_keys import doubtful

words = st.text(alphabet='a:"\\\\ \tn{}', max_size=4)
blanks = st.sampled_from(["", " ", "\t ", "  "])


@st.composite
def line(draw):
    """A JSON object, as text, and whether it gives one key two values."""
    keys = draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=4))
    pairs = [(key, draw(st.one_of(st.none(), words))) for key in keys]
    written = [f'"{key}"{draw(blanks)}:{draw(blanks)}{json.dumps(value)}' for key, value in pairs]
    held = [key for key, value in pairs if value is not None]
    return "{" + ",".join(written) + "}", len(set(held)) < len(held)


@given(st.lists(line(), min_size=1, max_size=5))
def test_every_line_that_gives_a_key_two_values_is_in_doubt(lines):
    raw = "\n".join(text for text, _ in lines).encode()
    ends = np.append(np.flatnonzero(np.frombuffer(raw, np.uint8) == ord("\n")), len(raw))
    try:
        rows = pl.read_ndjson(raw, infer_schema_length=None)
    except pl.exceptions.ComputeError:  # a second value of another type: `read_jsonl` then looks at each line
        reject()
    found = doubtful(raw, ends, rows).tolist()
    assert {row for row, (_, twice) in enumerate(lines) if twice} <= set(found)


def test_an_ordinary_line_is_not():
    rows = [{"a": "at 5:30", "b": None, "c": {"d": 1, "e": [{"f": None}, {"f": 2}]}}, {"a": "x", "c": None}]
    rows.append({"a": json.dumps({"held": {"as": "text"}}), "c": None})
    raw = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    ends = np.flatnonzero(np.frombuffer(raw, np.uint8) == ord("\n"))
    assert doubtful(raw, ends, pl.read_ndjson(raw, infer_schema_length=None)).tolist() == []
