"""What all steps that drop copies share: clusters of rows, who stays, and why the others go."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import polars as pl

from trimtab.core.columns import UsualColumn
from trimtab.core.objects import Batch
from trimtab.core.step import KeyedStep, Step
from trimtab.data.clusters import Keep, components, ranks, survivors
from trimtab.data.kinds import present
from trimtab.data.pairs import Pairs

Total = tuple[tuple[pl.DataFrame, Any], ...]
"""Of each block its rows (`id`, `label`, `worth` if they are kept by it) and what tells which are copies."""

Keys = tuple[np.ndarray, np.ndarray]
"""Places of rows and their 64-bit keys, each (keys,); a row may have several."""

MEMBERS = 20
"""Rows of a cluster that the report names."""


@dataclass(frozen=True)
class Found:
    """Rows of some blocks that are copies: the rows, similar pairs by id, and equal rows with their first."""

    rows: pl.DataFrame
    close: pl.DataFrame
    equal: pl.DataFrame


@dataclass(frozen=True)
class Copies(Step):
    """Drop rows that are copies; learning finds the ids to drop, so that any block can be cleaned alone.

    `keep` says which row of a cluster stays: the `first` (smallest id), the `longest`, the `most_complete`
    (fewest missing cells), or the first with the `majority_label` of its cluster; ties go to the first. Rows
    are asked in that order, and one that is like a row that stays, goes: each dropped row is like the row
    that its reason names.

    Learned, each (dropped rows,): `gone` the ids, sorted; `twin` the id of the row that stays for it;
    `likeness` their similarity; `differs` whether their labels differ. And each (members,): `member` the ids
    of all rows in clusters, sorted; `cluster` the smallest id of the cluster; `names` the label.
    """

    train_only: ClassVar[bool] = True
    light: ClassVar[bool] = True
    learned: ClassVar[tuple[str, ...]] = (
        "gone", "twin", "likeness", "differs", "member", "cluster", "names",
    )  # fmt: skip

    text: UsualColumn = "text"
    label: UsualColumn = "label"
    keep: Keep = "first"
    gone: np.ndarray | None = None
    twin: np.ndarray | None = None
    likeness: np.ndarray | None = None
    differs: np.ndarray | None = None
    member: np.ndarray | None = None
    cluster: np.ndarray | None = None
    names: tuple[str | None, ...] | None = None

    @property
    def needs_label(self) -> bool:
        """To know the majority."""
        return self.keep == "majority_label"

    @abstractmethod
    def summary(self, batch: Batch) -> Any:
        """What of one block tells which of its rows are copies, row by row."""

    @abstractmethod
    def pairs(self, summaries: list[Any], order: np.ndarray) -> Pairs:
        """The similar rows; `order` (rows,) puts the rows of all summaries into the order of their ids."""

    @abstractmethod
    def reasons(self, twin: np.ndarray, likeness: np.ndarray) -> pl.Series | list[str]:
        """Why rows go; `twin` (rows,) are the ids of those that stay for them."""

    def length(self, batch: Batch) -> pl.Series:
        """How long each row is, for `keep: longest`: the characters of its text, else of all its strings."""
        strings = [name for name, kind in batch.columns.schema.items() if kind == pl.String]
        strings = [self.text] if self.text in strings else strings
        sizes = [pl.col(name).str.len_chars().fill_null(0).cast(pl.Int64) for name in strings]
        return batch.columns.select(pl.sum_horizontal(sizes or [pl.lit(0)]).alias("length")).to_series()

    def partial(self, batch: Batch) -> Total:
        """Ids, labels and measures of the rows, and what tells which are copies."""
        present(batch, [self.label] if self.needs_label else [], self.name)
        known = self.label in batch.columns.columns
        worth: dict[str, pl.Series | pl.Expr] = {}
        if self.keep == "longest":
            worth["worth"] = self.length(batch)
        elif self.keep == "most_complete":
            worth["worth"] = pl.sum_horizontal(pl.all().is_not_null().cast(pl.Int64))
        rows = batch.columns.select(
            pl.Series("id", batch.ids, pl.Int64),
            label=(pl.col(self.label) if known else pl.lit(None)).cast(pl.String),
            **worth,
        )
        return ((rows, self.summary(batch)),)

    def merge(self, left: Total, right: Total) -> Total:
        """The summaries of both blocks."""
        return (*left, *right)

    def found(self, total: Total, pairs: Callable[[list[Any], np.ndarray], Pairs]) -> Found:
        """The rows that are copies, and of what; `pairs` are the similar ones."""
        rows = pl.concat([part for part, _ in total])
        order = np.argsort(rows["id"].to_numpy(), kind="stable")
        rows = rows[order]
        ids = rows["id"].to_numpy()
        alike = pairs([summary for _, summary in total], order)
        later = np.flatnonzero(alike.same != np.arange(len(ids)))
        close = {"left": ids[alike.left], "right": ids[alike.right], "likeness": alike.likeness}
        equal = {"first": ids[alike.same[later]], "id": ids[later]}
        involved = np.unique(np.concatenate((alike.left, alike.right, alike.same[later], later)))
        return Found(rows[involved], pl.DataFrame(close), pl.DataFrame(equal))

    def conclude(self, findings: Sequence[Found]) -> Self:
        """The step that knows the clusters, and who stays."""
        rows = pl.concat([one.rows for one in findings]).unique("id").sort("id")
        ids, labels = rows["id"].to_numpy(), rows["label"]
        pairs = _joined(findings, ids)
        cluster = components(pairs)
        worth = rows["worth"].to_numpy() if "worth" in rows.columns else np.zeros(len(ids), np.int64)
        rank = ranks(self.keep, worth, labels, cluster)
        stay = survivors(pairs, rank)
        return replace(
            self,
            gone=ids[stay.gone],
            twin=ids[stay.twin],
            likeness=stay.likeness,
            differs=labels[stay.gone].ne_missing(labels[stay.twin]).to_numpy(),
            member=ids,
            cluster=ids[cluster],
            names=tuple(labels),
        )

    def finish(self, total: Total) -> Self:
        """The step, from all rows in one place."""
        return self.conclude([self.found(total, self.pairs)])

    def __call__(self, batch: Batch) -> Batch:
        """The rows that are no copy of one that stays."""
        if self.gone is None or self.twin is None or self.likeness is None or self.differs is None:
            raise ValueError(f"step {self.name} has not learned which rows are copies: call learn first")
        known = _among(batch.ids, self.gone)
        at = np.searchsorted(self.gone, batch.ids[known])
        reasons = pl.Series(self.reasons(self.twin[at], self.likeness[at]), dtype=pl.String)
        same = pl.Series(~self.differs[at])
        return batch.keep(~known, self.name, reasons.zip_with(same, reasons + " under another label"))

    def clusters(self) -> pl.DataFrame:
        """Every row of every cluster: `cluster`, `id`, `label`, and `stays`; the first clusters first."""
        if self.member is None or self.cluster is None or self.gone is None or self.names is None:
            raise ValueError(f"step {self.name} has not learned its clusters: call learn first")
        return pl.DataFrame(
            {
                "cluster": self.cluster,
                "id": self.member,
                "label": pl.Series(self.names, dtype=pl.String),
                "stays": ~np.isin(self.member, self.gone),
            }
        ).sort("cluster", "id")

    def facts(self, shown: int = 50) -> dict[str, Any]:
        """Counts, the first clusters whose labels conflict and the largest of the others, for the report."""
        found = self.clusters()
        labels = pl.col("label").drop_nulls().n_unique().alias("labels")
        each = found.group_by("cluster", maintain_order=True).agg(pl.len().alias("rows"), labels)
        mixed = each.filter(pl.col("labels") > 1)
        agreed = each.filter(pl.col("labels") < 2).sort("rows", descending=True, maintain_order=True)
        return {
            "step": self.name,
            "clusters": each.height,
            "rows": found.height,
            "dropped": 0 if self.gone is None else len(self.gone),
            "largest": int(each["rows"].to_numpy().max(initial=0)),
            "conflicts": mixed.height,
            "conflicting": [_cluster(found, number) for number in mixed["cluster"].head(shown)],
            "agreeing": [_cluster(found, number) for number in agreed["cluster"].head(shown)],
        }


@dataclass(frozen=True)
class KeyedCopies(Copies, KeyedStep):
    """Copies that share a key: a cluster of machines finds them without all rows in one place."""

    @abstractmethod
    def keys_of(self, summary: Any) -> tuple[np.ndarray, np.ndarray]:
        """Rows of one block's summary and their 64-bit keys, each (keys,); copies share at least one."""

    @abstractmethod
    def take(self, summary: Any, rows: np.ndarray) -> Any:
        """Some rows of one block's summary."""

    def keys(self, summary: Total) -> tuple[np.ndarray, np.ndarray]:
        """Rows and keys of all blocks."""
        rows, keys, first = [np.zeros(0, np.int64)], [np.zeros(0, np.uint64)], 0
        for part, held in summary:
            found, own = self.keys_of(held)
            rows.append(found + first)
            keys.append(own)
            first += part.height
        return np.concatenate(rows), np.concatenate(keys)

    def keyed_pairs(self, summaries: list[Any], order: np.ndarray, keys: Keys) -> Pairs:
        """As `pairs`, with the `keys` of the rows so ordered; pairs that share none may be passed over."""
        del keys
        return self.pairs(summaries, order)

    def settle(self, total: Total, keys: Keys) -> Found:
        """The rows that are copies, and of what."""

        def pairs(summaries: list[Any], order: np.ndarray) -> Pairs:
            place = np.empty_like(order)
            place[order] = np.arange(len(order))
            return self.keyed_pairs(summaries, order, (place[keys[0]], keys[1]))

        return self.found(total, pairs)

    def pick(self, summary: Total, rows: np.ndarray) -> Total:
        """Some rows of all blocks; `rows` is sorted."""
        picked, first = [], 0
        for part, held in summary:
            here = rows[(rows >= first) & (rows < first + part.height)] - first
            picked.append((part[here], self.take(held, here)))
            first += part.height
        return tuple(picked)


def _among(ids: np.ndarray, gone: np.ndarray) -> np.ndarray:
    """True (rows,) for the ids that are among `gone`, sorted: few of it concern one block of many."""
    if len(ids) == 0:
        return np.zeros(0, bool)
    first = np.searchsorted(gone, ids.min())
    last = np.searchsorted(gone, ids.max(), side="right")
    return np.isin(ids, gone[first:last])


def _cluster(found: pl.DataFrame, number: int) -> dict[str, Any]:
    """A cluster for the report: how many rows, the first of them, those that stay, rows by label."""
    rows = found.filter(pl.col("cluster") == number)
    return {
        "cluster": number,
        "rows": rows.height,
        "kept": int(rows["stays"].sum()),
        "ids": rows["id"].head(MEMBERS).to_list(),
        "stays": rows.filter("stays")["id"].head(MEMBERS).to_list(),
        "labels": dict(sorted(Counter(rows["label"].drop_nulls().to_list()).items())),
    }


def _joined(findings: Sequence[Found], ids: np.ndarray) -> Pairs:
    """The pairs of all findings, each once, as places in `ids` (rows,), which are sorted."""
    close = pl.concat([one.close for one in findings]).unique(["left", "right"]).sort("right", "left")
    equal = pl.concat([one.equal for one in findings]).unique("id")
    same = np.arange(len(ids))
    same[np.searchsorted(ids, equal["id"].to_numpy())] = np.searchsorted(ids, equal["first"].to_numpy())
    left, right = (np.searchsorted(ids, close[side].to_numpy()) for side in ("left", "right"))
    return Pairs(left, right, close["likeness"].to_numpy(), same)
