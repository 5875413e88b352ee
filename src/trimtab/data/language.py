"""Finds the language of a text by its script, and for Latin script by its commonest words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Self

import polars as pl
from pydantic import Field

from trimtab.core.columns import TextColumn
from trimtab.core.errors import ConfigError, suggestion
from trimtab.core.objects import Batch
from trimtab.core.step import Step
from trimtab.data.kinds import texts_of

SCRIPTS = {
    "ja": r"[\p{Hiragana}\p{Katakana}]",
    "zh": r"\p{Han}",
    "ko": r"\p{Hangul}",
    "cyrillic": r"\p{Cyrillic}",
    "arabic": r"\p{Arabic}",
    "greek": r"\p{Greek}",
    "hebrew": r"\p{Hebrew}",
    "thai": r"\p{Thai}",
    "devanagari": r"\p{Devanagari}",
    "latin": r"\p{Latin}",
}
"""Name to the characters that speak for it; a script that several languages share keeps its own name."""
COMMON = {
    "en": "the of and to is in it you that was for on are with his they at be this have from or had by but "
    "what my i do how can your we not me when where why there an if will all would has did get does am which",
    "de": "der die das und ist nicht ich ein eine zu den mit auf für sich dem es von wie sie auch im wir "
    "mein kann wo haben bei oder aber einen wird sind",
    "fr": "le la les et est des un une je pas que vous du il dans pour ce qui sur ne au avec mon nous mais "
    "comment sont plus elle ma par cette où",
    "es": "el los las y es una que no en un mi se por con para lo como más pero su al del está me cómo "
    "puedo qué",
    "it": "il lo gli e è una che non di un mi per con si come ho della sono questo il mio ma perché del alla",
    "pt": "o os as e é uma que não do da em um para com se por meu mais como mas na no está eu foi ao",
    "nl": "de het een en is niet ik van dat op te in zijn voor met je mijn wat er hoe maar aan naar kan",
}
"""Language to words that a text of some length can hardly avoid."""


@dataclass(frozen=True)
class Language(Step):
    """Drop train rows in a language not in `keep`; by default, not that of a `share` of train rows.

    Languages are `en`, `de`, `fr`, `es`, `it`, `pt`, `nl` by their commonest words, `zh`, `ja`, `ko` by
    their script, and `cyrillic`, `arabic`, `greek`, `hebrew`, `thai`, `devanagari` by script alone. A short
    Latin text without a common word, or one that speaks for two languages, is `latin`; it and a text
    without letters are never dropped. That is coarse: for a finer answer use a language model such as
    fastText's.
    """

    name: ClassVar[str] = "language"
    accepts: ClassVar[frozenset[str]] = frozenset({"text"})
    train_only: ClassVar[bool] = True
    learned: ClassVar[tuple[str, ...]] = ("kept",)

    keep: tuple[str, ...] = ()
    share: Annotated[float, Field(ge=0, le=1)] = 0.05
    text: TextColumn = "text"
    kept: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        known = {*SCRIPTS, *COMMON}
        for name in self.keep:
            if name not in known:
                raise ConfigError(f"step {self.name}", f"no language '{name}'", suggestion(name, known))

    def partial(self, batch: Batch) -> Counter[str]:
        """How many rows hold each language."""
        found = self._languages(batch).drop_nulls().value_counts()
        return Counter(dict(found.iter_rows()))

    def merge(self, left: Counter[str], right: Counter[str]) -> Counter[str]:
        """Counts of both blocks."""
        return left + right

    def finish(self, total: Counter[str]) -> Self:
        """The step with the languages that stay."""
        usual = sorted(name for name, rows in total.items() if rows >= self.share * total.total())
        return replace(self, kept=self.keep or tuple(usual))

    def __call__(self, batch: Batch) -> Batch:
        """The rows in a language that stays, or in none that can be told."""
        found = self._languages(batch)
        stays = found.is_in([*(self.kept or ()), "latin"]) | found.is_null()
        words = pl.format("text is in language {}", pl.col("found"))
        why = pl.DataFrame({"found": found.filter(~stays)}).select(words.alias("why"))["why"]
        return batch.keep(stays.to_numpy(), self.name, why.to_list())

    def _languages(self, batch: Batch) -> pl.Series:
        return languages(texts_of(batch, self.text, self.name))


def languages(texts: pl.Series) -> pl.Series:
    """The language of each text; null for one without letters.

    >>> languages(pl.Series(["Where is my card?", "卡丢了", "カードを", "Wo ist die Karte?", "OK"])).to_list()
    ['en', 'zh', 'ja', 'de', 'latin']
    """
    counts = pl.DataFrame({name: texts.str.count_matches(letters) for name, letters in SCRIPTS.items()})
    counts = counts.with_columns(pl.all().fill_null(0).cast(pl.Int64))
    # A Han character says about as much as half a Latin word, and Japanese mixes Han with kana.
    weighted = counts.with_columns(
        zh=pl.when(pl.col("ja") == 0).then(pl.col("zh") * 3).otherwise(0),
        ja=pl.when(pl.col("ja") > 0).then((pl.col("ja") + pl.col("zh")) * 3).otherwise(0),
    )
    script = _largest(weighted)
    latin = _latin(texts).fill_null("latin")
    return pl.select(pl.when(script == "latin").then(latin).otherwise(script).alias("language")).to_series()


def _latin(texts: pl.Series) -> pl.Series:
    """The Latin-script language with most common words; null where none or two have most."""
    words = texts.str.to_lowercase().str.extract_all(r"\p{Latin}+")
    hits = {
        name: words.list.set_intersection(pl.Series(common.split()).unique().implode()).list.len()
        for name, common in COMMON.items()
    }
    return _largest(pl.DataFrame(hits).with_columns(pl.all().fill_null(0).cast(pl.Int64)))


def _largest(counts: pl.DataFrame) -> pl.Series:
    """The name of the column with the largest count in each row; null where all are 0 or two are
    largest."""
    top = pl.max_horizontal(pl.all())
    tied = pl.sum_horizontal(pl.all() == top) > 1
    first = pl.coalesce(pl.when(pl.col(name) == top).then(pl.lit(name)) for name in counts.columns)
    return counts.select(pl.when((top > 0) & ~tied).then(first).alias("largest"))["largest"]
