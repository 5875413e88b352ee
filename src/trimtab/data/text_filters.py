"""Filters of texts that are too short, too long, or damaged by a wrong character set."""

from __future__ import annotations

import re
from abc import abstractmethod
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
import polars as pl
from pydantic import Field

from trimtab.core.columns import TextColumn
from trimtab.core.errors import ConfigError
from trimtab.core.objects import Batch
from trimtab.core.step import Step
from trimtab.data.kinds import texts_of


@dataclass(frozen=True)
class TextFilter(Step):
    """What filters of single texts share: they drop train rows, learn nothing, and leave missing texts
    alone."""

    accepts: ClassVar[frozenset[str]] = frozenset({"text"})
    train_only: ClassVar[bool] = True

    text: TextColumn = "text"

    @abstractmethod
    def judge(self, texts: pl.Series) -> tuple[pl.Series, pl.Series]:
        """True (rows,) where a text goes, and the reasons (rows,); null for a missing text."""

    def __call__(self, batch: Batch) -> Batch:
        """The rows whose text passes."""
        gone, reasons = self.judge(texts_of(batch, self.text, self.name))
        mask = gone.fill_null(False)
        return batch.keep(~mask.to_numpy(), self.name, reasons.filter(mask).to_list())


@dataclass(frozen=True)
class TextLength(TextFilter):
    """Drop train rows whose text is shorter than `shortest` or longer than `longest`, by `unit`.

    By default only the empty text goes. Words are separated by white space; count Chinese in characters.
    """

    name: ClassVar[str] = "text_length"

    shortest: Annotated[int, Field(ge=0)] = 1
    longest: Annotated[int, Field(ge=0)] | None = None
    unit: Literal["characters", "words"] = "characters"

    def __post_init__(self) -> None:
        if self.longest is not None and self.longest < self.shortest:
            raise ConfigError(
                f"step {self.name}", f"longest {self.longest} is below shortest {self.shortest}", "swap them"
            )

    def judge(self, texts: pl.Series) -> tuple[pl.Series, pl.Series]:
        """Texts outside the range."""
        words = texts.str.count_matches(r"\S+")
        length = words if self.unit == "words" else texts.str.len_chars()
        gone = length < self.shortest
        if self.longest is not None:
            gone |= length > self.longest
        span = f"at least {self.shortest}" if self.longest is None else f"{self.shortest} to {self.longest}"
        frame = pl.DataFrame({"length": length})
        reason = pl.format("text has {} {}, not {}", "length", pl.lit(self.unit), pl.lit(span))
        return gone, frame.select(reason.alias("why"))["why"]


NOISE = r"[\p{Cc}\p{Co}\p{Cn}\x{FFFD}--[\t\n\r]]"
"""Control characters (but tab and line ends), private use, unassigned, the replacement character."""
MOJIBAKE = "|".join(
    (
        r"\x{EF}\x{BB}\x{BF}",  # the byte order mark of UTF-8
        r"[\x{C2}-\x{DF}][\x{80}-\x{BF}]",  # two bytes of UTF-8 read as Latin-1, as in caf\u00c3\u00a9
        # quotation marks and dashes read as Windows-1252
        r"\x{E2}[\x{20AC}\x{80}][\x{80}-\x{BF}\x{152}-\x{178}\x{2C6}\x{2DC}\x{2013}-\x{2122}]",
        "锟斤拷|烫烫烫|屯屯屯",  # the replacement character read as GBK, and memory never written to
    )
)


@dataclass(frozen=True)
class CharsetNoise(TextFilter):
    """Drop train rows in whose text more than a share `limit` of the characters is noise.

    Noise is a control or private-use or unassigned character, the replacement character U+FFFD, and
    mojibake: UTF-8 that was read as Latin-1, Windows-1252 or GBK. The last is believed only where the text
    can be turned back into Chinese, and not of fewer than four characters.
    """

    name: ClassVar[str] = "charset_noise"

    limit: Annotated[float, Field(ge=0, lt=1)] = 0.05

    def judge(self, texts: pl.Series) -> tuple[pl.Series, pl.Series]:
        """Texts with too much noise."""
        share = noise_share(texts)
        percent = pl.DataFrame({"share": (share * 100).round(1)})
        words = pl.format("{} % of the characters are noise of a wrong character set", "share")
        return share > self.limit, percent.select(words.alias("why"))["why"]


def noise_share(texts: pl.Series) -> pl.Series:
    """The share of noise among the characters of each text: 0 for an empty one, null for a missing one.

    >>> noise_share(pl.Series(["caf\\u00e9", "caf\\u00c3\\u00a9", "", None])).to_list()
    [0.0, 0.4, 0.0, None]
    """
    mojibake = texts.str.extract_all(MOJIBAKE).list.eval(pl.element().str.len_chars()).list.sum()
    noise = texts.str.replace_all(MOJIBAKE, "").str.count_matches(NOISE) + mojibake
    share = noise / texts.str.len_chars().clip(1)
    han = texts.str.count_matches(r"\p{Han}").fill_null(0) >= MANY
    turned = np.zeros(len(texts), dtype=bool)
    for at in np.flatnonzero(han.to_numpy()):
        turned[at] = was_utf8(texts[int(at)])
    return pl.select(pl.when(pl.Series(turned)).then(1.0).otherwise(share)).to_series()


MANY = 4
"""Fewer Chinese characters may be UTF-8 read as GBK by accident."""
_HAN = re.compile("[\u3400-\u9fff]")


def was_utf8(text: str) -> bool:
    """True where a Chinese text is UTF-8 that was read as GBK: turned back, it is Chinese again.

    Each Chinese character has become one and a half; a few are lost, because not all bytes are GBK. Whole
    Chinese text is hardly ever UTF-8 when written as GBK.

    >>> was_utf8("你好世界".encode().decode("gbk")), was_utf8("你好世界")
    (True, False)
    """
    back = text.encode("gbk", errors="replace").decode("utf-8", errors="replace")
    return len(_HAN.findall(back)) >= len(_HAN.findall(text)) / 3
