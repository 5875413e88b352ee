"""Makes the synonym tables that trimtab ships, from WordNet 3.0 and the Chinese Open WordNet.

    python tools/synonym_tables.py WORDNET_FOLDER COW_TAB

WORDNET_FOLDER holds `index.*`, `data.*` and `cntlist.rev` (Debian: package `wordnet-base`,
/usr/share/wordnet); COW_TAB is `wn-data-cmn.tab` of the Open Multilingual Wordnet. The same input gives the
same bytes.

A table has one line a word: the word, a tab, and its synonyms, best first, joined by `|`. A word is replaced
without knowing its sense, so only its usual senses count. English: senses that make up at least a fifth of
the word's occurrences in the tagged corpora behind WordNet, or, of a word that occurs in none, the first
sense of the part of speech it has most senses in. Chinese has no such counts: a synonym is better the larger
the share of both words' senses that they have in common, and below a quarter it is left out.
"""

from __future__ import annotations

import argparse
import gzip
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

SPEECH = {"noun": "1", "verb": "2", "adj": "3", "adv": "4"}
USUAL = 0.2
SHARED = 0.25
MOST = 5
TABLES = Path(__file__).parents[1] / "src" / "trimtab" / "data" / "tables"


def main() -> None:
    """Read both sources, write both tables."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("wordnet", type=Path)
    options.add_argument("cow", type=Path)
    chosen = options.parse_args()
    write(english(chosen.wordnet), TABLES / "synonyms_en.tsv.gz")
    write(chinese(chosen.cow), TABLES / "synonyms_zh.tsv.gz")


def english(folder: Path) -> dict[str, list[str]]:
    """Word to synonyms of its usual senses, most frequent first."""
    seen = tagged(folder / "cntlist.rev")
    synsets = {part: dict(lemmas(folder / f"data.{part}")) for part in SPEECH}
    senses: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
    for part, digit in SPEECH.items():
        for word, offsets in index(folder / f"index.{part}"):
            for number, offset in enumerate(offsets, start=1):
                senses[word].append((seen[word, digit, number], part, offset))
    table = {}
    for word, found in senses.items():
        if word.isascii() and word.isalpha() and len(word) > 1:
            best: Counter[str] = Counter()
            for count, part, offset in usual(found):
                for other in synsets[part][offset]:
                    if other.lower() != word and fit(other):
                        best[other] += count + 1
            if best:
                table[word] = ranked(best)
    return table


def usual(senses: Sequence[tuple[int, str, str]]) -> list[tuple[int, str, str]]:
    """The senses a reader would think of."""
    total = sum(count for count, _, _ in senses)
    if total:
        return [sense for sense in senses if sense[0] >= USUAL * total]
    parts = Counter(part for _, part, _ in senses)
    common = max(parts, key=lambda part: (parts[part], part))
    return [next(sense for sense in senses if sense[1] == common)]


def fit(lemma: str) -> bool:
    """Plain words and pairs of them: no names, abbreviations, numbers."""
    words = lemma.split("_")
    return len(words) <= 2 and all(word.isalpha() and word.isascii() and word.islower() for word in words)


def tagged(path: Path) -> Counter[tuple[str, str, int]]:
    """Occurrences of (word, part of speech, sense number) in the tagged corpora."""
    counts: Counter[tuple[str, str, int]] = Counter()  # a satellite (5) is an adjective (3)
    for line in path.read_text(encoding="ascii").splitlines():
        key, number, count = line.split()
        word, _, rest = key.partition("%")
        counts[word, rest[0].replace("5", "3"), int(number)] += int(count)
    return counts


def index(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Each word with the offsets of its synsets, most frequent sense first (wndb(5))."""
    for line in path.read_text(encoding="ascii").splitlines():
        if not line.startswith(" "):
            fields = line.split()
            yield fields[0], fields[-int(fields[2]) :]


def lemmas(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Each synset's offset with its words, without the marks of an adjective's place."""
    for line in path.read_text(encoding="ascii").splitlines():
        if not line.startswith(" "):
            fields = line.split(" ")
            words = fields[4 : 4 + 2 * int(fields[3], 16) : 2]
            yield fields[0], [word.partition("(")[0] for word in words]


def chinese(path: Path) -> dict[str, list[str]]:
    """Word to the words whose senses are most alike."""
    synsets: dict[str, set[str]] = defaultdict(set)
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            synset, _, lemma = line.split("\t")
            word = lemma.replace("+", "")  # marks the parts of a phrase
            if all("一" <= sign <= "鿿" for sign in word):
                synsets[synset].add(word)
    senses = Counter(word for words in synsets.values() for word in words)
    common: dict[str, Counter[str]] = defaultdict(Counter)
    for words in synsets.values():
        for word in words:
            common[word].update(words - {word})
    table = {}
    for word, others in common.items():
        alike = {
            other: shared / (senses[word] + senses[other] - shared)
            for other, shared in others.items()
            if abs(len(word) - len(other)) <= 2
        }
        close = {other: share for other, share in alike.items() if share >= SHARED}
        if close and len(word) > 1:  # a single character is rarely a word by itself
            table[word] = ranked(close)
    return table


def ranked(scores: Mapping[str, float]) -> list[str]:
    """The best few; equals in the order of the alphabet."""
    return sorted(scores, key=lambda word: (-scores[word], word))[:MOST]


def write(table: Mapping[str, Sequence[str]], path: Path) -> None:
    """The table, compressed, without a time stamp."""
    lines = [f"{word}\t{'|'.join(table[word]).replace('_', ' ')}\n" for word in sorted(table)]
    path.write_bytes(gzip.compress("".join(lines).encode(), compresslevel=9, mtime=0))
    print(f"{path.name}: {len(lines)} words, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
