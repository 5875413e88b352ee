"""What every copying step shares: ids, the filter, the counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.metrics.pairwise import paired_cosine_distances
from sklearn.naive_bayes import MultinomialNB

from rows import batch_of, blocks_of, same_state
from trimtab.data.agree import SMOOTHING, Counts, agrees, count_grams
from trimtab.data.alike import GRAMS, embedding_cosines, gram_cosines, gram_frequency
from trimtab.data.augment import Augment, chosen
from trimtab.data.encoder import Encoder

TEXTS = (
    "my card has not arrived", "where is my card", "the card is late", "when does my card come",
    "I want to send money", "send money to a friend", "how do I send money abroad", "a transfer of money",
    "我的卡还没有到", "卡在哪里", "我要转账", "怎样转账给朋友",
)  # fmt: skip
LABELS = ("card",) * 4 + ("send",) * 4 + ("卡",) * 2 + ("转",) * 2
BATCH = batch_of(TEXTS, LABELS)


@dataclass(frozen=True)
class Scripted(Augment):
    """Writes what it was told to."""

    name: ClassVar[str] = "scripted"

    said: tuple[tuple[str | None, ...], ...] = ()

    def rewrite(self, texts, ids, copy):
        del ids
        return [self.said[copy - 1][TEXTS.index(text)] for text in texts]


def said(**by_place):
    """One copy for each text: what is given for `t0`, `t1` and so on, else none."""
    return tuple(by_place.get(f"t{at}") for at in range(len(TEXTS)))


def copies(after):
    return after["text"].to_list()[len(BATCH) :]


def test_it_keeps_no_copy_that_is_there_already_and_counts_them():
    first, second = said(t0="late card", t1=TEXTS[1], t2=" "), said(t0="late card", t1="card?")
    after, told = Scripted(copies=2, said=(first, second)).learn(BATCH).grow(BATCH)
    assert copies(after) == ["late card", "card?"]
    assert told == {"kept": 2, "nothing to rewrite": 20, "unchanged or repeated": 2}


def test_it_drops_copies_that_are_too_far_from_their_source():
    step = Scripted(least_cosine=0.5, said=(said(t0="my card has arrived", t1="an old friend"),)).learn(BATCH)
    after, told = step.grow(BATCH)
    assert copies(after) == ["my card has arrived"]
    assert told["too far from the source"] == 1


def test_it_drops_copies_that_read_like_another_class():
    copy = said(t0="my card is late", t1="send money to a friend abroad", t10="我的卡在哪里")
    after, told = Scripted(same_label=True, said=(copy,)).learn(BATCH).grow(BATCH)
    assert copies(after) == ["my card is late"]
    assert told["another label"] == 2
    assert after["label"].to_list()[len(BATCH) :] == ["card"]


def test_its_filter_learns_the_same_from_blocks():
    step = Scripted(least_cosine=0.5, same_label=True, said=(said(),))
    blocks = blocks_of(BATCH, 4)
    assert same_state(step.learn_blocks(blocks), step.learn(BATCH))
    assert same_state(step.learn_blocks(blocks[::-1]), step.learn(BATCH))


def test_its_cosine_is_that_of_scikit_learn():
    hashing = HashingVectorizer(
        analyzer="char_wb", ngram_range=(2, 4), n_features=GRAMS, norm=None, alternate_sign=False
    )
    tfidf = TfidfTransformer().fit(hashing.transform(TEXTS))
    one, two = (tfidf.transform(hashing.transform(side)) for side in (TEXTS, TEXTS[::-1]))
    found = gram_cosines(TEXTS, TEXTS[::-1], gram_frequency(TEXTS))
    assert found == pytest.approx(1 - paired_cosine_distances(one, two), abs=1e-9)
    assert gram_cosines(["", "a b"], ["", ""], gram_frequency(TEXTS)).tolist() == [0, 0]


def test_it_judges_labels_as_naive_bayes_trained_without_the_source_does():
    others = [TEXTS[(at * 5 + 3) % len(TEXTS)] for at in range(len(TEXTS))]
    hashing = HashingVectorizer(
        analyzer="char_wb", ngram_range=(2, 4), n_features=GRAMS, norm=None, alternate_sign=False
    )
    counts, labels = hashing.transform(TEXTS), np.array(LABELS)
    wanted = []
    for at in range(len(TEXTS)):
        rest = np.arange(len(TEXTS)) != at
        model = MultinomialNB(alpha=SMOOTHING, fit_prior=False).fit(counts[rest], labels[rest])
        wanted.append(model.predict(hashing.transform([others[at]]))[0] == labels[at])
    model = Counts.of(count_grams(TEXTS, BATCH["label"]))
    assert agrees(model, TEXTS, others, LABELS).tolist() == wanted
    assert 0 < sum(wanted) < len(TEXTS)


def test_it_does_not_judge_the_copies_of_a_row_without_label_or_alone_in_its_class():
    batch = batch_of(["my card", "my cash", "my cash is gone"], ["card", "cash", "cash"])
    model = Counts.of(count_grams(batch["text"].to_list(), batch["label"]))
    assert agrees(model, ["my card", "x"], ["my cash", "my card"], ["card", None]).tolist() == [True, True]


def test_its_encoder_finds_a_paraphrase_nearer_than_another_question():
    near, far = embedding_cosines(
        Encoder("minilm", "test"),
        ["I lost my card"] * 2,
        ["My card has gone missing", "How do I send money abroad?"],
    )
    assert near > 0.5 > far


def test_it_filters_by_the_encoder_that_is_named():
    copy = said(t0="the card never came", t4="the weather is fine today")
    after, _ = Scripted(least_cosine=0.5, encoder="minilm", said=(copy,)).learn(BATCH).grow(BATCH)
    assert copies(after) == ["the card never came"]


def test_it_does_not_run_before_it_has_learned():
    with pytest.raises(ValueError, match="call learn first"):
        Scripted()(BATCH)


def test_it_chooses_at_least_one_place_and_never_more_than_there_are():
    rng = np.random.default_rng(0)
    assert len(chosen([1, 5, 7], 0.1, 10, rng)) == 1
    assert chosen([1, 5, 7], 1.0, 10, rng) == [1, 5, 7]
