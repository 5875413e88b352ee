"""The estimators of scikit-learn, and samplers of imbalanced-learn, that a step becomes when it stands alone.

`classes` makes one class for each step from these bases. Only `steps` modules import this file, because it
needs scikit-learn.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
import polars as pl

from trimtab.core.errors import ConfigError
from trimtab.core.objects import Batch
from trimtab.core.optional import optional
from trimtab.core.step import Step
from trimtab.data.alone.cells import PLACE
from trimtab.data.alone.entry import Entry
from trimtab.data.alone.rows import Rows, content_of, in_library, read
from trimtab.data.alone.targets import as_labels, some_targets

sklearn: Any = optional("sklearn.base", "data", PLACE)
get_config: Any = optional("sklearn", "data", PLACE).get_config
available_if: Any = optional("sklearn.utils.metaestimators", "data", PLACE).available_if
validation: Any = optional("sklearn.utils.validation", "data", PLACE)

MODALITIES = ("tabular", "series", "text", "image")
"""What a batch is called when no column says more, in the order of preference."""


class Alone:
    """What all of them share: parameters of the step, and learning from X and y.

    After `fit`, `step_` is the learned step, which `trimtab.core.step.save_steps` writes without pickle.
    """

    entry: ClassVar[Entry]
    step_: Step

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn from X; `y` is the column `label` of a step that reads labels."""
        self._learn(X, y)
        return self

    def _learn(self, X: Any, y: Any) -> tuple[Rows, Batch]:
        step = self.as_step()
        rows = self._read(step, X, reset=True)
        step = self._fitting(step, rows)
        batch = self._labelled(step, rows, y)
        # not `learn`: that of a feature step wants a free name for its column, and X gets none
        step = step.finish(step.partial(batch))
        self._check(step, rows)
        self.step_ = step
        return rows, batch

    def as_step(self) -> Step:
        """The step with the parameters as they are now, not yet learned."""
        return self.entry.build({name: getattr(self, name) for name in self.entry.defaults})

    def _fitting(self, step: Step, rows: Rows) -> Step:
        """The step, told what kind of X it gets."""
        del rows
        return step

    def _check(self, step: Step, rows: Rows) -> None:
        """Raise DataError where nothing came of learning."""

    def _read(self, step: Step, X: Any, reset: bool) -> Rows:
        """X as columns; its width and names are kept (`reset`), or compared with those of `fit`."""
        rows = read(X, content_of(step, X))
        if not rows.flat:
            validation.validate_data(self, rows.given, reset=reset, skip_check_array=True)
        if reset:
            self._inner = rows.columns.columns
        return rows.called(self._inner)

    def _labelled(self, step: Step, rows: Rows, y: Any) -> Batch:
        """The rows with `y` as their label, where the step has use for one."""
        columns, label = rows.columns, getattr(step, "label", None)
        if y is None:
            if step.needs_label and label not in columns.columns:
                raise ValueError(
                    f"{type(self).__name__} requires y to be passed, but the target y is None; "
                    f"give y, or a column '{label}'"
                )
            return batch_of(step, columns)
        validation.check_consistent_length(rows.given, y)
        if label is None or not (step.needs_label or step.train_only):
            return batch_of(step, columns)
        if label in columns.columns:
            raise ValueError(
                f"y is given, and X has a column '{label}' too; drop one, or name another `label`"
            )
        return batch_of(step, columns.with_columns(as_labels(label, y)))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        try:
            step = self.as_step()
        except ConfigError:  # `fit` says so
            return tags
        content = content_of(step)
        single = content.kind in ("text", "image")  # what takes tables too, scikit-learn shall give tables
        tags.input_tags.one_d_array = single
        tags.input_tags.two_d_array = not single
        tags.input_tags.string = content.kind == "text"
        tags.input_tags.categorical = content.kind == "table"
        tags.input_tags.allow_nan = True
        tags.target_tags.required = step.needs_label
        return tags


class Transformer(Alone, sklearn.TransformerMixin, sklearn.BaseEstimator):
    """A step that keeps rows: X comes back as it came (array, pandas, Polars), with its columns changed."""

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn from X; `y` is the column `label` of a step that reads labels."""
        self._fit(X, y)
        return self

    def transform(self, X: Any) -> Any:
        """X after the step."""
        validation.check_is_fitted(self)
        rows = self._read(self.step_, X, reset=False)
        return self._answer(rows, self.step_(batch_of(self.step_, rows.columns)))

    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """Learn from X, and X after the step: of a step that reads labels, as no row's own label shows."""
        rows, batch = self._fit(X, y)
        return self._answer(rows, self.step_.on_train(batch))

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """The names of the columns that `transform` gives; `input_features` renames those of an array."""
        validation.check_is_fitted(self)
        return np.array([*self._names_in(input_features), *self._added], dtype=object)

    def _fit(self, X: Any, y: Any) -> tuple[Rows, Batch]:
        rows, batch = self._learn(X, y)
        nothing, known = batch_of(self.step_, rows.columns.clear()), set(rows.columns.columns)
        self._added = [name for name in self.step_(nothing).columns.columns if name not in known]
        return rows, batch

    def _answer(self, rows: Rows, after: Batch) -> Any:
        columns = after.columns.select([*rows.columns.columns, *self._added])
        return self._contained(rows.back(columns, np.arange(len(after))))

    def _contained(self, answer: Any) -> Any:
        """A frame in the library that `set_output` asks for: scikit-learn would make an array of it first."""
        set_here = getattr(self, "_sklearn_output_config", {}).get("transform")
        return in_library(answer, set_here or get_config()["transform_output"])

    def _names_in(self, input_features: Any) -> list[str]:
        """The columns of X: as it named them, as `input_features` does, or x0, x1 and so on."""
        width = getattr(self, "n_features_in_", None)
        if width is None:  # one sequence of values
            return [content_of(self.step_).column]
        known = getattr(self, "feature_names_in_", None)
        if input_features is None:
            return [f"x{at}" for at in range(width)] if known is None else list(known)
        given = list(input_features)
        if known is not None and given != list(known):
            raise ValueError("input_features is not equal to feature_names_in_")
        if len(given) != width:
            raise ValueError(f"input_features should have length equal to number of features ({width})")
        return given


class Sampler(Alone, sklearn.BaseEstimator):
    """A step that drops or adds rows. Put it into the pipeline of imbalanced-learn: it runs in `fit` alone.

    After `fit_resample`, `sample_indices_` (rows,) int64 are the rows of X that the rows come from, and
    `dropped_` (`trimtab.core.dropped.Dropped`) holds every row that went, its number in X and the reason.
    """

    def fit_resample(self, X: Any, y: Any = None) -> tuple[Any, Any]:
        """X and y after the step, each in the form it came in; y is None where none is given."""
        rows, batch = self._learn(X, y)
        after = self.step_(batch)
        at = after.ids % max(len(batch), 1)  # where ids are places, a new row has that of its source by this
        self.sample_indices_ = at
        self.dropped_ = after.dropped
        label: str = getattr(self.step_, "label", "")
        own = label in batch.columns.columns and label not in rows.columns.columns
        columns = after.columns.drop(label) if own else after.columns
        fresh = after[label] if own and not after[label].equals(batch[label][at]) else None
        return rows.back(columns, at), some_targets(y, at, fresh)


def _transforms(estimator: Any) -> bool:
    """Whether the parameters ask for a step that keeps rows; of a wrong one, the call shall speak."""
    try:
        return not estimator.as_step().train_only
    except ConfigError:
        return True


def _resamples(estimator: Any) -> bool:
    try:
        return bool(estimator.as_step().train_only)
    except ConfigError:
        return True


class _OneOfBoth:
    """Before `Either` in the order of resolution: what the parameters do not ask for is not there."""

    transform = available_if(_transforms)(Transformer.transform)
    fit_transform = available_if(_transforms)(Transformer.fit_transform)
    get_feature_names_out = available_if(_transforms)(Transformer.get_feature_names_out)
    fit_resample = available_if(_resamples)(Sampler.fit_resample)


class Either(_OneOfBoth, Transformer, Sampler):
    """A step whose parameters (`action`) say whether it drops rows: a sampler if so, a transformer if not."""


def base_of(kind: type[Step]) -> type:
    """What a step becomes: by whether all, none or some of its settings drop or add rows."""
    rule = next(vars(one)["train_only"] for one in kind.__mro__ if "train_only" in vars(one))
    if isinstance(rule, property):
        return Transformer if rule is vars(Step)["train_only"] else Either
    return Sampler if rule else Transformer


def batch_of(step: Step, columns: pl.DataFrame) -> Batch:
    """The columns as a batch whose ids are the places of the rows."""
    named = [
        kind
        for kind in ("text", "image")
        if kind in step.accepts and getattr(step, kind, None) in columns.columns
    ]
    modality = next(kind for kind in (*named, *MODALITIES) if kind in step.accepts)
    return Batch(columns, np.arange(columns.height, dtype=np.int64), modality)
