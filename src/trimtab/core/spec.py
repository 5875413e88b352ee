"""The one file a user writes: data, task and budgets. These models are its documentation too."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from trimtab.core import units
from trimtab.core.spec_types import (
    Bytes,
    Character,
    ColumnType,
    Encoding,
    Engine,
    Quote,
    Retrain,
    Seconds,
    Share,
)


class Section(BaseModel):
    """A section of the file: unknown keys are errors, values never change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StepSpec(Section):
    """One step by name with its parameters, written `{name: {parameter: value}}` or just `name`."""

    name: str
    parameters: dict[str, Any] = Field(default_factory=dict)


def _step(value: Any) -> Any:
    if isinstance(value, str):
        return StepSpec(name=value)
    if isinstance(value, dict) and len(value) == 1:
        ((name, parameters),) = value.items()
        if isinstance(name, str) and isinstance(parameters, dict | None):
            return StepSpec(name=name, parameters=parameters or {})
    if isinstance(value, StepSpec):
        return value
    raise ValueError(
        "allowed: a name, or one name with its parameters as in {near_duplicates: {similarity: 0.9}}"
    )


Steps = tuple[
    Annotated[
        StepSpec,
        BeforeValidator(_step),
        PlainSerializer(lambda step: {step.name: step.parameters}, return_type=dict[str, Any]),
        WithJsonSchema(
            {
                "type": ["string", "object"],
                "maxProperties": 1,
                "additionalProperties": {"type": ["object", "null"]},
                "examples": ["drop_duplicates", {"near_duplicates": {"similarity": 0.9}}],
            }
        ),
    ],
    ...,
]
Names = tuple[str, ...]


class FormatSpec(Section):
    """How the data files are written; what is left out is what most programs write."""

    encoding: Encoding = Field("utf-8", description="encoding of CSV and JSONL; a byte order mark beats it")
    separator: Character | None = Field(
        None,
        description="character between the fields of a CSV file; not set, the suffix tells: comma or tab",
    )
    quote: Quote = Field(
        '"', description="character around fields of a CSV file that hold a separator; empty: there is none"
    )
    header: Names = Field((), description="column names of a CSV file whose first row is no header")
    decimal: Literal[".", ","] = Field(".", description="decimal sign of numbers in a CSV file")
    missing: Names = Field((), description="values that stand for a missing one, such as ?, NA or -")
    types: dict[str, ColumnType] = Field(
        {}, description="column to type: int, float, bool, text, date or datetime, the last two with a format"
    )
    bad_rows: Share = Field(
        0.0, ge=0, lt=1, description="share of rows that may be unreadable and are kept aside, such as 1%"
    )


class DataSpec(FormatSpec):
    """Where the rows are and what their columns mean."""

    train: str = Field(description="file, glob, dataset folder or s3:// address with the training rows")
    test: str | None = Field(None, description="the same for the test rows, touched once, at the end")
    text: str = Field("text", description="column with the text")
    label: str = Field("label", description="column with the class")
    validation: Share = Field(0.1, gt=0, lt=0.5, description="share of the train rows kept for every choice")


class FitSpec(Section):
    """How the training loop runs; what is left out is the model family's own default."""

    epochs: int | None = Field(None, ge=1, description="passes over the train rows")
    batch_size: int | None = Field(None, ge=1, description="rows a step")
    learning_rate: float | None = Field(None, gt=0, description="peak learning rate of the body")
    head_learning_rate: float | None = Field(None, gt=0, description="peak learning rate of the new head")
    weight_decay: float | None = Field(None, ge=0, description="decoupled weight decay (AdamW)")
    dropout: float | None = Field(None, ge=0, lt=1, description="dropout before the head")
    label_smoothing: float | None = Field(
        None, ge=0, lt=1, description="probability spread over other classes"
    )
    warmup: float | None = Field(
        None, ge=0, lt=1, description="share of the steps with a rising learning rate"
    )
    patience: int | None = Field(
        None, ge=1, description="epochs without a better validation accuracy before stopping"
    )


class ModelSpec(Section):
    """Which models to try."""

    families: Literal["auto"] | Annotated[Names, Field(min_length=1)] = Field(
        "auto",
        description="families, Hugging Face ids or local folders; the best on validation is the teacher",
    )
    fit: FitSpec = Field(FitSpec(), description="training parameters, for every family")


class TuneSpec(Section):
    """How to search training parameters."""

    sampler: str = Field("tpe", description="tpe, random or grid")
    trials: int = Field(1, ge=1, description="settings tried; 1 takes the family's defaults")
    time: Seconds = Field(units.seconds("20m"), gt=0, description="no new trial starts after this time")


class BudgetSpec(Section):
    """What the deployed model may cost. A budget left out does not bind."""

    accuracy_drop: Share | None = Field(
        None, ge=0, lt=1, description="accuracy it may give up against the uncompressed model"
    )
    latency_p99: Seconds | None = Field(None, gt=0, description="99th percentile of a request, batch 1")
    size: Bytes | None = Field(None, gt=0, description="bytes of all files that serving needs")


class ServeSpec(Section):
    """How the service listens and what it accepts."""

    host: str = Field("127.0.0.1", description="address to listen on")
    rest: int = Field(8080, ge=0, le=65535, description="port of the REST API; 0 takes a free one")
    grpc: int = Field(8081, ge=0, le=65535, description="port of the gRPC API; 0 takes a free one")
    queue: int = Field(256, ge=1, description="texts accepted and unanswered; more are refused")
    batch_tokens: int = Field(1024, ge=1, description="most tokens in one batch")
    max_texts: int = Field(128, ge=1, description="most texts in one request")
    max_bytes: Bytes = Field(units.size_bytes("1MB"), gt=0, description="largest request body")
    drain: Seconds = Field(
        units.seconds("30s"), gt=0, description="longest wait for accepted requests on SIGTERM"
    )
    log: bool = Field(True, description="append requests and answers to the request log that `watch` reads")
    log_size: Bytes = Field(
        units.size_bytes("1GB"),
        ge=10**6,
        description="most bytes of the request log; the oldest part goes first",
    )
    log_age: Seconds = Field(
        units.seconds("30d"), ge=60, description="longest time that a request stays in the request log"
    )


class DriftSpec(Section):
    """When traffic counts as drifted."""

    alpha: float = Field(0.05, gt=0, lt=1, description="chance of one false alarm over all looks together")
    window: int = Field(500, ge=50, description="requests in one look")
    least: float = Field(0.1, ge=0, lt=1, description="smallest KS gap worth an alarm")


class WatchSpec(Section):
    """What is watched, and what follows."""

    drift: DriftSpec = Field(DriftSpec(), description="drift test")
    retrain: Retrain = Field(
        "propose", description="what an alarm leads to: a proposal to retrain, or only a note"
    )


class Spec(Section):
    """trimtab.yaml: data, task and budgets; everything else has a default."""

    version: Literal[1] = Field(description="version of this format")
    task: Literal["text-classification"] = Field(description="what to learn")
    data: DataSpec = Field(description="where the rows are and what their columns mean")
    clean: Steps = Field(
        (StepSpec(name="drop_duplicates"),),
        description="cleaning steps, in order",
        json_schema_extra={"default": ["drop_duplicates"]},
    )
    augment: Steps = Field((), description="augmentation steps; train rows only")
    features: Steps = Field(
        (StepSpec(name="tokens"),),
        description="feature steps, in order",
        json_schema_extra={"default": ["tokens"]},
    )
    model: ModelSpec = Field(ModelSpec(), description="which models to try, and how they are trained")
    tune: TuneSpec = Field(TuneSpec(), description="how to search training parameters")
    compress: Literal["auto"] | Names = Field("auto", description="compressors to try, in order")
    budget: BudgetSpec = Field(description="what the deployed model may cost")
    serve: ServeSpec = Field(ServeSpec(), description="how the service listens and what it accepts")
    watch: WatchSpec = Field(WatchSpec(), description="what is watched, and what follows")
    engine: Engine = Field(
        "local", description="where data steps run: this machine, or a Ray cluster (the same rows come out)"
    )
    seed: int = Field(0, ge=0, description="seed of everything random")


def json_schema() -> dict[str, Any]:
    """The JSON Schema of the file, for editors; defaults stand in it as people write them."""
    return Spec.model_json_schema(mode="serialization")
