"""A model family: how to build a network from a small description, and its training defaults."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import torch
from safetensors.torch import load_file, save_file

from trimtab.core.spec import FitSpec

ARCHITECTURE = "architecture.json"
WEIGHTS = "model.safetensors"


@dataclass(frozen=True)
class Settings:
    """The training parameters of one fit; see `core.spec.FitSpec` for their meaning."""

    epochs: int
    batch_size: int
    learning_rate: float
    head_learning_rate: float
    weight_decay: float = 0.01
    dropout: float = 0.1
    label_smoothing: float = 0.0
    warmup: float = 0.1
    patience: int = 2
    average: float = 0.0

    def override(self, fit: FitSpec | Mapping[str, Any]) -> Settings:
        """These settings with every value that `fit` states."""
        stated = fit.model_dump() if isinstance(fit, FitSpec) else dict(fit)
        return replace(self, **{name: value for name, value in stated.items() if value is not None})


class TextClassifier(torch.nn.Module):
    """Token numbers in, class scores out: an embedding of the text, dropout, a head."""

    head: torch.nn.Module
    dropout: torch.nn.Module

    def embed(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """The embedding (rows, width) of token numbers and mask, both (rows, tokens) int64."""
        raise NotImplementedError

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits (rows, classes) and the embedding (rows, width) that the head reads."""
        embedding = self.embed(input_ids, attention_mask)
        return self.head(self.dropout(embedding)), embedding

    def groups(self, settings: Settings) -> list[dict[str, Any]]:
        """Parameter groups for the optimiser: the body at one rate, the new head at another."""
        head = list(self.head.parameters())
        known = {id(parameter) for parameter in head}
        body = [p for p in self.parameters() if p.requires_grad and id(p) not in known]
        return [
            {"params": body, "lr": settings.learning_rate},
            {"params": head, "lr": settings.head_learning_rate},
        ]


def weighted_mean(states: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """The mean (rows, width) of states (rows, tokens, width) with weights (rows, tokens), none negative.

    A batched matrix product: one node of a graph where multiplying and summing would be two.
    """
    total = torch.bmm(weight.unsqueeze(1), states).squeeze(1)
    return total / weight.sum(dim=1, keepdim=True).clamp(min=1e-6)


@dataclass(frozen=True)
class Blueprint:
    """What `build` needs: it is saved beside the weights, so a network can be built again anywhere."""

    family: str
    classes: int
    dropout: float
    parameters: Mapping[str, Any]


class Family(ABC):
    """One kind of network."""

    name: ClassVar[str]
    defaults: ClassVar[Settings]
    space: ClassVar[Mapping[str, tuple[Any, ...]]]
    """What tuning may vary: ("log", low, high), ("float", low, high) or ("choice", a, b, ...)."""

    @abstractmethod
    def blueprint(self, classes: int, dropout: float) -> Blueprint:
        """The description of a network with `classes` outputs."""

    @abstractmethod
    def build(self, blueprint: Blueprint, fresh: bool) -> TextClassifier:
        """The network; with `fresh` its starting weights are loaded too."""


def save_network(network: TextClassifier, blueprint: Blueprint, folder: Path) -> None:
    """Write `architecture.json` and `model.safetensors`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ARCHITECTURE).write_text(json.dumps(asdict(blueprint), indent=1), encoding="utf-8")
    weights = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    save_file(weights, folder / WEIGHTS)


def load_network(folder: Path) -> TextClassifier:
    """The network that `save_network` wrote, ready to answer."""
    from trimtab.models import FAMILIES

    blueprint = Blueprint(**json.loads((folder / ARCHITECTURE).read_text(encoding="utf-8")))
    family: Family = FAMILIES.load(blueprint.family)()
    network = family.build(blueprint, fresh=False)
    network.load_state_dict(load_file(folder / WEIGHTS))
    return network.eval()
