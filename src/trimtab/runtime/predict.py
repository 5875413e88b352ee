"""Loads a bundle and answers texts: what `trimtab.load` gives and what the server runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trimtab.core.bundle import Bundle
from trimtab.core.errors import BundleError
from trimtab.core.objects import Batch
from trimtab.core.step import Step, load_steps
from trimtab.data import STEPS
from trimtab.features import FEATURES
from trimtab.features.tokens import Tokens
from trimtab.runtime.base import Model, Output, open_model


@dataclass(frozen=True)
class Predictor:
    """A bundle ready to answer."""

    bundle: Bundle
    tokens: Tokens
    model: Model
    cleaning: tuple[Step, ...] = ()
    """Steps that change a text, a request's as the train rows' before it."""

    def predict(self, texts: Sequence[str]) -> list[str]:
        """The label of each text.

        >>> load("bundle/").predict(["I lost my card"])  # doctest: +SKIP
        ['lost_or_stolen_card']
        """
        labels = self.bundle.labels
        return [labels[at] for at in self.output(texts).probabilities.argmax(axis=1)]

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        """Probabilities (texts, classes), classes in the order of `classes_`."""
        return self.output(texts).probabilities

    def output(self, texts: Sequence[str], embed: bool = False) -> Output:
        """Probabilities, and with `embed` the sentence embeddings."""
        return self.model(self.rows(texts), embed=embed)

    def rows(self, texts: Sequence[str]) -> list[list[int]]:
        """Token numbers of each text, cleaned as the train rows were."""
        return self.tokens.rows(self._cleaned(texts) if self.cleaning else list(texts))

    def _cleaned(self, texts: Sequence[str]) -> list[str]:
        import polars as pl  # only where there is something to clean

        column = self.tokens.text
        batch = Batch(pl.DataFrame({column: pl.Series(texts, dtype=pl.String)}), np.arange(len(texts)))
        for step in self.cleaning:
            batch = step(batch)
        return batch[column].fill_null("").to_list()

    @property
    def classes_(self) -> tuple[str, ...]:
        """Class names, as scikit-learn names them."""
        return self.bundle.labels


def load(folder: Path | str, threads: int = 1, verify: bool = True) -> Predictor:
    """Load a bundle for prediction; needs neither torch nor transformers.

    Raises:
        BundleError: missing, damaged or unreadable.
    """
    bundle = Bundle.open(folder, verify=verify)
    steps = load_steps(bundle.folder, FEATURES, STEPS)
    tokens = next((step for step in steps if isinstance(step, Tokens)), None)
    if tokens is None:
        raise BundleError(
            str(bundle.folder / "steps.json"), "has no `tokens` step", "run `trimtab run` again"
        )
    cleaning = tuple(step for step in steps if step.name in STEPS and _reads(step, tokens.text))
    return Predictor(bundle, tokens, open_model(bundle.model, threads), cleaning)


def _reads(step: Step, column: str) -> bool:
    """Whether a step is about this column of texts; one of other columns has nothing to do in a request."""
    return "text" in step.accepts and getattr(step, "text", None) == column
