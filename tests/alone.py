"""Each step as it stands alone, with the arguments it cannot do without, and rows that it understands."""

from __future__ import annotations

from typing import Any

import polars as pl

from rows import ENGLISH, batch_of, curves_of, embedded_of, images_of, series_of, tabular_of
from tiny import tiny_tokens
from translators import rewriting
from trimtab.core.objects import Batch
from trimtab.data import steps as data_steps
from trimtab.features import steps as feature_steps

NAMES = [*data_steps.__all__, *feature_steps.__all__]
ACTIONS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("Iqr", "ZScore", "RobustZScore"), ("drop", "clip", "null", "flag")),
    "QuantileClip": ("clip", "drop"),
    "IsolationForest": ("drop", "flag"),
    "Hampel": ("null", "drop"),
    "TermFrequency": ("drop", "remove"),
}
"""Steps of which `action` makes a transformer or a sampler, and the actions that are tested."""


def class_of(name: str) -> Any:
    return getattr(data_steps if name in data_steps.__all__ else feature_steps, name)


def arguments(name: str) -> dict[str, Any]:
    """What the step cannot do without."""
    if name == "Tokens":
        return {"tokenizer": tiny_tokens().tokenizer}
    if name == "BackTranslation":
        step = rewriting()
        return {one: getattr(step, one) for one in ("translator", "options", "source", "pivot", "cache")}
    if name == "Fuse":
        return {"columns": ("age", "visits")}
    return {}


def every(names: list[str] = NAMES) -> list[Any]:
    """An estimator of each step, and of each action where that decides what it is."""
    from encoders import small_embed

    made = []
    for name in names:
        more = arguments(name) if name != "Embed" else {"encoder": small_embed().encoder}
        actions = ACTIONS.get(name, ())
        made += [class_of(name)(**more, action=action) for action in actions] or [class_of(name)(**more)]
    return made


def named(estimator: Any) -> str:
    action = getattr(estimator, "action", "") if type(estimator).__name__ in ACTIONS else ""
    return f"{type(estimator).__name__}{action and f'-{action}'}"


def sample_of(estimator: Any) -> Batch:
    """Rows that the step understands; ids are places."""
    step = estimator.as_step()
    kind, accepts = type(estimator).__name__, step.accepts
    if kind in ("Jitter", "MagnitudeScale", "WindowSlice", "WindowWarp"):
        batch = curves_of(12)
    elif accepts == {"series"}:
        batch = series_of(60)
    elif accepts == {"image"}:
        batch = images_of(6)
    elif kind == "SemanticDuplicates":
        batch = embedded_of(12)
    elif accepts == {"text"}:
        batch = batch_of(ENGLISH)
    else:
        batch = tabular_of(40)
    dates = [name for name, kind in batch.columns.schema.items() if kind == pl.Date]  # pandas has none
    columns = batch.columns.with_columns(pl.col(name).cast(pl.Datetime("us")) for name in dates)
    return Batch(columns, pl.arange(len(batch), eager=True, dtype=pl.Int64).to_numpy(), batch.modality)
