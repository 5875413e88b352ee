"""The one file a user writes: data, task and budgets. These models are its documentation too."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from trimtab.core import units


Seconds = Annotated[float, BeforeValidator(units.seconds), Field(json_schema_extra={"type": ["string", "number"]})]
Bytes = Annotated[int, BeforeValidator(units.size_bytes), Field(json_schema_extra={"type": ["string", "integer"]})]
Share = Annotated[float, BeforeValidator(units.share), Field(json_schema_extra={"type": ["string", "number"]})]


class StepSpec(BaseModel):
    """One step by name with its parameters, written `{name: {parameter: value}}` or just `name`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    parameters: dict[str, Any] = Field(default_factory=dict)


def _step(value: Any) -> Any:
    if isinstance(value, str):
        return {"name": value}
    if isinstance(value, dict) and len(value) == 1 and "name" not in value:
        ((name, parameters),) = value.items()
        return {"name": name, "parameters": parameters if parameters is not None else {}}
    if isinstance(value, StepSpec):
        return value
    raise ValueError("allowed: a name, or one name with its parameters such as {near_duplicates: {similarity: 0.9}}")


Steps = list[
    Annotated[
        StepSpec,
        BeforeValidator(_step),
        PlainSerializer(lambda step: {step.name: step.parameters}, return_type=dict[str, Any]),
    ]
]


class Section(BaseModel):
    """A section of the file: unknown keys are errors, values never change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class DataSpec(Section):
    """Where the rows are and what their columns mean."""

    train: str = Field(description="CSV, JSONL or Parquet file with the training rows")
    test: str | None = Field(None, description="file with the test rows, touched once, at the end")
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
    label_smoothing: float | None = Field(None, ge=0, lt=1, description="probability spread over other classes")
    warmup: float | None = Field(None, ge=0, lt=1, description="share of the steps with a rising learning rate")
    patience: int | None = Field(None, ge=1, description="epochs without a better validation loss before stopping")


class ModelSpec(Section):
    """Which models to try."""

    families: Literal["auto"] | list[str] = Field(
        "auto",
        description="model families, Hugging Face ids or local folders; the best on validation is the teacher",
    )
    fit: FitSpec = Field(FitSpec(), description="training parameters, for every family")


class TuneSpec(Section):
    """How to search training parameters."""

    sampler: str = Field("tpe", description="tpe, random or grid")
    trials: int = Field(1, ge=1, description="settings tried; 1 takes the family's defaults")
    time: Seconds = Field("20m", gt=0, description="no new trial starts after this time")  # type: ignore[assignment]


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
    queue: int = Field(256, ge=1, description="requests that may wait; more are refused with a retry hint")
    batch_tokens: int = Field(1024, ge=1, description="most tokens in one batch")
    max_texts: int = Field(128, ge=1, description="most texts in one request")
    max_bytes: Bytes = Field("1MB", gt=0, description="largest request body")  # type: ignore[assignment]
    drain: Seconds = Field("30s", gt=0, description="longest wait for accepted requests on SIGTERM")  # type: ignore[assignment]
    log: bool = Field(True, description="append requests and answers to the request log that `watch` reads")


class DriftSpec(Section):
    """When traffic counts as drifted."""

    alpha: float = Field(0.05, gt=0, lt=1, description="chance of one false alarm over all looks together")
    window: int = Field(500, ge=50, description="requests in one look")
    least: float = Field(0.1, ge=0, lt=1, description="smallest KS gap worth an alarm")


class WatchSpec(Section):
    """What is watched, and what follows."""

    drift: DriftSpec = Field(DriftSpec(), description="drift test")
    retrain: Literal["auto", "propose", "off"] = Field(
        "auto", description="what an alarm leads to: a retraining run, a proposal, or a note"
    )


class Spec(Section):
    """trimtab.yaml: data, task and budgets; everything else has a default."""

    version: Literal[1] = Field(description="version of this format")
    task: Literal["text-classification"] = Field(description="what to learn")
    data: DataSpec
    clean: Steps = Field([{"drop_duplicates": {}}], description="cleaning steps, in order")  # type: ignore[assignment]
    augment: Steps = Field([], description="augmentation steps; train rows only")
    features: Steps = Field(["tokens"], description="feature steps, in order")  # type: ignore[list-item]
    model: ModelSpec = Field(ModelSpec())
    tune: TuneSpec = Field(TuneSpec())
    compress: Literal["auto"] | list[str] = Field("auto", description="compressors to try, in order")
    budget: BudgetSpec
    serve: ServeSpec = Field(ServeSpec())
    watch: WatchSpec = Field(WatchSpec())
    seed: int = Field(0, ge=0, description="seed of everything random")
