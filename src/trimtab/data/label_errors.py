"""Finds train rows whose label is likely wrong: reports, drops or has them reviewed by a person."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import polars as pl
from pydantic import Field

from trimtab.core.columns import CLOCK, DATES, FILLABLE, SPANS, VECTORS, UsualColumn, UsualText, VectorColumn
from trimtab.core.objects import Batch
from trimtab.core.step import Step
from trimtab.data import held_out
from trimtab.data.confident import Cut, Score, doubts
from trimtab.data.kinds import of_type, present, texts_of
from trimtab.data.label_review import (
    DROP,
    KEEP,
    Reviewed,
    excerpt,
    picture_name,
    read_review,
    still_valid,
    write_review,
)
from trimtab.data.semantic_duplicates import embeddings

Suspect = tuple[int, str, str, float]
"""Row id, given label, suggested label, score from 0 (surely wrong) to 1."""
Total = tuple[str, tuple[tuple[pl.DataFrame, np.ndarray], ...]]
"""The modality, and the rows of each block with their ids."""
SHOWN = 50
FILE = "file"
"""The column in which the reader of folders says where a picture lies."""


@dataclass(frozen=True)
class LabelErrors(Step):
    """Find rows whose label is likely wrong, by confident learning (Northcutt et al., 2021).

    Each row gets class probabilities from a model fitted on the other folds: for texts TF-IDF and logistic
    regression, for tables gradient boosting, for pictures logistic regression on principal components of
    small pixels; or, where `embedding` names a column of vectors, logistic regression on these, which is
    better where the vectors are. cleanlab then finds the `cut` and ranks by `rank_by`. Rows of a class of
    fewer than `folds` rows, and rows without a label or content, are not judged.

    `action`: `report` changes nothing; `drop` drops the suspects; `review` writes them to the CSV `review`,
    whose column `decision` a person fills: `keep`, `drop` or another label. The next run does as decided,
    judges what is left, and adds new suspects to the file. An empty decision leaves the row as it is.

    The labels that remain are those a model finds plausible: hard but right rows are suspected too, so read
    before you drop.
    """

    name: ClassVar[str] = "label_errors"
    accepts: ClassVar[frozenset[str]] = frozenset({"text", "tabular", "image"})
    train_only: ClassVar[bool] = True
    needs_label: ClassVar[bool] = True
    single: ClassVar[bool] = True
    learned: ClassVar[tuple[str, ...]] = ("suspects", "judged", "decisions")
    reads: ClassVar[tuple[str, ...]] = ("review",)
    writes: ClassVar[tuple[str, ...]] = ("review",)

    action: Literal["report", "drop", "review"] = "report"
    review: str = "label-review.csv"
    embedding: VectorColumn | None = None
    cut: Cut = "prune_by_noise_rate"
    rank_by: Score = "self_confidence"
    folds: Annotated[int, Field(ge=2, le=50)] = 5
    seed: Annotated[int, Field(ge=0)] = 0
    text: UsualText = "text"
    image: UsualColumn = "image"
    label: UsualColumn = "label"
    suspects: tuple[Suspect, ...] | None = None
    judged: int = 0
    decisions: tuple[tuple[int, str], ...] = ()

    def partial(self, batch: Batch) -> Total:
        """The modality, and the rows with their ids."""
        wanted = [self.embedding] if self.embedding else []
        if batch.modality != "tabular":
            wanted.append(self.text if batch.modality == "text" else self.image)
        if batch.modality == "image" and FILE in batch.columns.columns:
            wanted.append(FILE)
        names = present(batch, [self.label, *wanted], self.name)
        present(batch, wanted[:1] if self.embedding else [], self.name, VECTORS)
        if batch.modality == "text":
            batch = batch.with_columns(**{self.text: texts_of(batch, self.text, self.name)})
        rows = batch.columns if batch.modality == "tabular" else batch.columns.select(names)
        return batch.modality, ((rows, batch.ids),)

    def merge(self, left: Total, right: Total) -> Total:
        """The rows of both blocks."""
        return left[0], (*left[1], *right[1])

    def finish(self, total: Total) -> Self:
        """The step with the suspects, the least plausible first; under `review` the file is written."""
        modality, parts = total
        ids = np.concatenate([of for _, of in parts])
        order = np.argsort(ids, kind="stable")
        rows, ids = pl.concat([block for block, _ in parts], how="vertical_relaxed")[order], ids[order]
        labels = rows[self.label].cast(pl.String)
        earlier = self._earlier(modality, rows, ids, labels) if self.action == "review" else ()
        decided = {row.id: row.decision for row in earlier if row.decision}
        settled = pl.Series(
            [_settled(decided.get(row), label) for row, label in zip(ids.tolist(), labels, strict=True)],
            dtype=pl.String,
        )
        judged, found = self._judge(modality, rows, ids, settled)
        found = [suspect for suspect in found if suspect[0] not in decided]
        if self.action == "review" and judged:
            content = dict(zip(ids.tolist(), self._content(modality, rows), strict=True))
            listed = {row.id for row in earlier}
            fresh = [
                Reviewed(row, "", given, suggested, score, content[row])
                for row, given, suggested, score in found
                if row not in listed
            ]
            write_review(Path(self.review), [*earlier, *fresh])
        return replace(self, suspects=tuple(found), judged=judged, decisions=tuple(sorted(decided.items())))

    def __call__(self, batch: Batch) -> Batch:
        """The rows: all of them, or without those that go, or under the labels that were decided on."""
        if self.suspects is None:
            raise ValueError("step label_errors has not learned which labels are wrong: call learn first")
        if self.action == "drop":
            of = {row: (suggested, score) for row, _, suggested, score in self.suspects}
            reasons = [
                f"label likely wrong: rather '{of[row][0]}' (score {of[row][1]:.3f})"
                for row in batch.ids.tolist()
                if row in of
            ]
            return batch.keep(~np.isin(batch.ids, list(of)), self.name, reasons)
        return self._decided(batch) if self.decisions else batch

    def facts(self) -> dict[str, Any]:
        """How many rows were judged, suspected and decided on, and the first suspects, for the report."""
        shown = ("id", "given", "suggested", "score")
        return {
            "judged": self.judged,
            "suspects": len(self.suspects or ()),
            "decided": dict(
                Counter(what if what in (KEEP, DROP) else "relabel" for _, what in self.decisions)
            ),
            "ranked": [dict(zip(shown, row, strict=True)) for row in (self.suspects or ())[:SHOWN]],
        }

    def _decided(self, batch: Batch) -> Batch:
        new = {row: what for row, what in self.decisions if what not in (KEEP, DROP)}
        gone = [row for row, what in self.decisions if what == DROP]
        labels = batch[self.label]
        if new:
            named = [
                new.get(row, label)
                for row, label in zip(batch.ids.tolist(), labels.cast(pl.String), strict=True)
            ]
            fresh = pl.Series(named, dtype=pl.String).cast(labels.dtype)
            batch = batch.with_columns(**{self.label: fresh})
        return batch.keep(~np.isin(batch.ids, gone), self.name, "label wrong, as reviewed")

    def _earlier(
        self, modality: str, rows: pl.DataFrame, ids: np.ndarray, labels: pl.Series
    ) -> tuple[Reviewed, ...]:
        path = Path(self.review)
        given = {row: label for row, label in zip(ids.tolist(), labels, strict=True) if label is not None}
        content = dict(zip(ids.tolist(), self._content(modality, rows), strict=True))
        return still_valid(read_review(path), given, content, path)

    def _content(self, modality: str, rows: pl.DataFrame) -> list[str]:
        """What a person is shown of each row, by which it is also known again."""
        if modality == "text":
            return [excerpt(text) for text in rows[self.text].fill_null("")]
        if modality == "image":
            files = rows[FILE].cast(pl.String) if FILE in rows.columns else [None] * len(rows)
            return [picture_name(data, file) for data, file in zip(rows[self.image], files, strict=True)]
        shown = rows.select(self._inputs(rows)).iter_rows(named=True)
        return [excerpt(json.dumps(row, ensure_ascii=False, default=str)) for row in shown]

    def _inputs(self, rows: pl.DataFrame) -> list[str]:
        """The columns of a table that a model reads."""
        read = {*FILLABLE, DATES, CLOCK, SPANS}
        return [name for name, kind in rows.schema.items() if name != self.label and of_type(kind) in read]

    def _judge(
        self, modality: str, rows: pl.DataFrame, ids: np.ndarray, labels: pl.Series
    ) -> tuple[int, list[Suspect]]:
        """How many rows were judged, and the suspects among them, ranked."""
        vectors = self._vectors(modality, rows, ids) if self.embedding else None
        at = self._judgeable(modality, rows, vectors, labels)
        names = labels.gather(at).unique().sort().to_list()
        if len(names) < 2:
            return 0, []
        number = {name: place for place, name in enumerate(names)}
        classes = np.array([number[label] for label in labels.gather(at)])
        if vectors is None:
            features, model = self._learner(modality, rows[at], ids[at])
        else:
            features, model = vectors[at].astype(np.float64), held_out.embedding_model()
        fold = held_out.folds(ids[at], classes, self.folds, self.seed)
        found = held_out.probabilities(features, classes, fold, model)
        said = doubts(classes, found, self.cut, self.rank_by, self.name)
        order = np.lexsort((ids[at], said.score))
        best = found.argmax(axis=1)
        return len(at), [
            (int(ids[at][one]), names[classes[one]], names[best[one]], float(said.score[one]))
            for one in order.tolist()
            if said.suspect[one]
        ]

    def _judgeable(
        self, modality: str, rows: pl.DataFrame, vectors: np.ndarray | None, labels: pl.Series
    ) -> np.ndarray:
        """The places of the rows with a label that enough rows share, and with content."""
        there = labels.is_not_null()
        column = {"text": self.text, "image": self.image}.get(modality)
        if vectors is not None:
            there &= pl.Series(vectors.any(axis=1))
        elif column:
            there &= rows[column].is_not_null()
        elif not self._inputs(rows):
            there &= False
        frame = pl.DataFrame({"label": labels, "there": there}).with_row_index("at").filter("there")
        return frame.filter(pl.len().over("label") >= self.folds)["at"].to_numpy().astype(np.int64)

    def _vectors(self, modality: str, rows: pl.DataFrame, ids: np.ndarray) -> np.ndarray:
        batch = Batch(rows, ids, modality)
        return embeddings(batch, str(self.embedding), f"step {self.name}")

    def _learner(self, modality: str, rows: pl.DataFrame, ids: np.ndarray) -> tuple[np.ndarray, Any]:
        if modality == "text":
            return held_out.text_features(rows[self.text]), held_out.text_model()
        if modality == "image":
            model = held_out.picture_model(len(rows))
            return held_out.picture_features(rows[self.image], ids, self.name), model
        return held_out.table_features(rows, self._inputs(rows)), held_out.table_model()


def _settled(decision: str | None, label: str | None) -> str | None:
    """The label that counts after the decision; None of a row that goes."""
    if decision == DROP:
        return None
    return label if decision in (None, KEEP) else decision
