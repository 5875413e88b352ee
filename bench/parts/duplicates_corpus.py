"""Documents with planted near copies, and the shingles by which every method of the benchmark is judged.

Plain Python, so that the peers' interpreters can import it too: trimtab is not needed here.
"""

from __future__ import annotations

import random
import re
from bisect import bisect
from itertools import accumulate

WIDTH = 3
LEAST, MOST = 0.8, 0.95
_WORDS = re.compile(r"\w+")
_SYLLABLES = re.compile(r"[a-z]+")
_ONSETS = _SYLLABLES.findall(
    "b bl br c ch cl cr d dr f fl fr g gl gr h j k l m n p pl pr qu r s sc sh sl sp st str t th tr v w"
)
_VOWELS = _SYLLABLES.findall("a e i o u ai ea ee ie oa ou")
_CODAS = ["", "", "", *_SYLLABLES.findall("n r l s t d m ck ng nd nt st rd ll")]


def shingles(text: str) -> set[str]:
    """Three words in a row, case folded; of a shorter text, all of it."""
    words = _WORDS.findall(text.casefold())
    return (
        {" ".join(words[at : at + WIDTH]) for at in range(max(1, len(words) - WIDTH + 1))} if words else set()
    )


def jaccard(one: str, two: str) -> float:
    """The Jaccard similarity of two texts' shingles."""
    left, right = shingles(one), shingles(two)
    return len(left & right) / max(1, len(left | right))


def corpus(documents: int, seed: int) -> tuple[list[str], dict[tuple[int, int], float]]:
    """Texts in random order, and the planted pairs (smaller place first) with their true similarity.

    Nine in ten are drawn word by word: 50,000 words, Zipf's frequencies (exponent 1.05), lengths about 100
    (normal, deviation 20, at least 40), sentences with capitals and full stops. The others are copies of
    different ones of these, edited (a word replaced, put in or left out; the end cut or lengthened) until the
    similarity to the source lies between 0.8 and 0.95.
    """
    rng = random.Random(seed)
    vocabulary = _vocabulary(rng, 50_000)
    limits = list(accumulate(1 / rank**1.05 for rank in range(1, len(vocabulary) + 1)))
    sources = documents - documents // 10
    plain = [_draw(rng, vocabulary, limits, max(40, round(rng.gauss(100, 20)))) for _ in range(sources)]
    texts = [_sentences(rng, words) for words in plain]
    copied = rng.sample(range(sources), documents // 10)
    likeness = []
    for source in copied:
        copy, like = _copy(rng, plain[source], texts[source], vocabulary, limits)
        texts.append(copy)
        likeness.append(like)
    place = list(range(documents))
    rng.shuffle(place)
    mixed = [""] * documents
    for at, text in zip(place, texts, strict=True):
        mixed[at] = text
    pairs = {}
    for number, (source, like) in enumerate(zip(copied, likeness, strict=True)):
        one, two = sorted((place[source], place[sources + number]))
        pairs[one, two] = like
    return mixed, pairs


def _vocabulary(rng: random.Random, size: int) -> list[str]:
    """Different pronounceable words; frequent ones are short, as in any language."""
    words: dict[str, None] = {}
    while len(words) < size:
        syllables = 1 + (len(words) > 300) + (len(words) > 6_000) + (rng.random() < 0.3)
        word = "".join(
            rng.choice(_ONSETS) + rng.choice(_VOWELS) + rng.choice(_CODAS) for _ in range(syllables)
        )
        words.setdefault(word)
    return list(words)


def _draw(rng: random.Random, vocabulary: list[str], limits: list[float], count: int) -> list[str]:
    return [vocabulary[bisect(limits, rng.random() * limits[-1])] for _ in range(count)]


def _sentences(rng: random.Random, words: list[str]) -> str:
    parts, start = [], 0
    while start < len(words):
        end = start + rng.randint(6, 20)
        parts.append(" ".join(words[start:end]).capitalize() + ".")
        start = end
    return " ".join(parts)


def _copy(
    rng: random.Random, words: list[str], source: str, vocabulary: list[str], limits: list[float]
) -> tuple[str, float]:
    while True:
        edited = list(words)
        for _ in range(rng.randint(1, 5)):
            kind, at, (new,) = rng.randrange(5), rng.randrange(len(edited)), _draw(rng, vocabulary, limits, 1)
            if kind == 0:
                edited[at] = new
            elif kind == 1:
                edited.insert(at, new)
            elif kind == 2:
                del edited[at]
            elif kind == 3:
                edited = edited[: -rng.randint(1, 6)]
            else:
                edited += _draw(rng, vocabulary, limits, rng.randint(1, 8))
        text = _sentences(rng, edited)
        like = jaccard(source, text)
        if LEAST <= like <= MOST:
            return text, like
