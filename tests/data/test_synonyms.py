"""Synonyms, English and Chinese, and from a table of one's own."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rows import batch_of
from trimtab.core.errors import DataError
from trimtab.data.augment_text import RandomInsert
from trimtab.data.synonyms import STOP, Synonym, candidates, pieces_of, synonyms_for

TABLE = {"card": ("identity card",), "bus": ("coach",), "city": ("town", "place"), "box": ("case",)}


def copies(step, texts):
    batch = batch_of(texts)
    return step.learn(batch)(batch)["text"].to_list()[len(texts) :]


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("card", ("identity card",)),
        ("Card", ("Identity card",)),
        ("CARD", ("IDENTITY CARD",)),
        ("cards", ("identity cards",)),
        ("cities", ("towns", "places")),
        ("boxes", ("cases",)),
        ("bus", ("coach",)),
        ("buses", ("coaches",)),
        ("unknown", ()),
    ],
)
def test_it_keeps_case_and_number(word, found):
    assert candidates(word, TABLE) == found


def test_it_replaces_words_by_synonyms_of_wordnet_and_leaves_all_else_alone():
    (copy,) = copies(Synonym(rate=1.0, seed=3), ["Where's my payment?  Please help!"])
    assert copy.startswith("Where's my ")
    assert copy.endswith("!")
    assert "?  " in copy
    assert "payment" not in copy
    assert "help" not in copy


def test_it_knows_the_synonyms_of_the_chinese_open_wordnet():
    table = synonyms_for("我的资金")
    assert "经费" in table["资金"]
    (copy,) = copies(Synonym(rate=1.0), ["公司资金增长"])
    assert copy != "公司资金增长"
    assert any(word in copy for word in table["资金"])


def test_it_never_touches_a_stop_word():
    table = synonyms_for("english")
    assert "inch" not in candidates("in", table)
    assert all(candidates(word, table) == () for word in STOP)


def test_it_leaves_out_rare_senses():
    table = synonyms_for("english")
    assert "carte du jour" not in table.get("card", ())
    assert all(len(others) <= 5 and word not in others for word, others in table.items())


def test_it_takes_the_users_own_table(tmp_path):
    (tmp_path / "own.tsv").write_text("card\tplastic | debit card\n\n卡\t银行卡\n", encoding="utf-8")
    (tmp_path / "own.tsv.gz").write_bytes(gzip.compress((tmp_path / "own.tsv").read_bytes()))
    for name in ("own.tsv", "own.tsv.gz"):
        step = Synonym(table=str(tmp_path / name), rate=1.0)
        assert copies(step, ["my card", "money"])[0] in ("my plastic", "my debit card")
        assert copies(step, ["卡 丢了"]) == ["银行卡 丢了"]


def test_it_says_where_a_table_is_wrong(tmp_path):
    (tmp_path / "own.tsv").write_text("card\tplastic\nmoney\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"own\.tsv:2: 'money' holds no synonym"):
        copies(Synonym(table=str(tmp_path / "own.tsv")), ["my card"])
    (tmp_path / "latin.tsv").write_bytes(b"caf\xe9\tbar\n")
    with pytest.raises(DataError, match=r"latin.tsv: cannot be read as synonyms .*; give a UTF-8 file"):
        copies(Synonym(table=str(tmp_path / "latin.tsv")), ["my card"])
    with pytest.raises(DataError, match=r"none.tsv: no such file; mend `table`"):
        copies(Synonym(table=str(tmp_path / "none.tsv")), ["my card"])


@given(st.text())
def test_its_pieces_make_up_the_text(text):
    assert "".join(pieces_of(text)) == text


@given(st.text(alphabet="cardbuxes 卡丢了,.", max_size=30), st.integers(0, 9))
def test_it_either_changes_a_text_or_makes_no_copy(text, seed):
    edited = Synonym(rate=0.5).edit(text, np.random.default_rng(seed))
    assert edited is None or isinstance(edited, str)


def test_insertion_adds_synonyms_and_loses_no_word(tmp_path):
    (tmp_path / "own.tsv").write_text("card\tplastic\n", encoding="utf-8")
    for copy in copies(RandomInsert(table=str(tmp_path / "own.tsv"), copies=5), ["where is my card"]):
        assert sorted(copy.split()) == ["card", "is", "my", "plastic", "where"]
        assert [word for word in copy.split() if word != "plastic"] == ["where", "is", "my", "card"]
