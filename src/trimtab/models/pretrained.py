"""A pretrained Hugging Face encoder with mean pooling and a linear head."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, ClassVar

import torch
from transformers import AutoConfig, AutoModel
from transformers.utils import logging as transformers_logging

from trimtab.core.errors import EnvironmentFault
from trimtab.core.hub import model_folder
from trimtab.core.store import file_hash, value_hash
from trimtab.models.family import Blueprint, Family, Settings, TextClassifier, weighted_mean

TOKENIZER = "tokenizer.json"

transformers_logging.disable_progress_bar()  # the chain shows its own


class PretrainedClassifier(TextClassifier):
    """Mean of the last hidden states (Reimers & Gurevych, 2019), dropout, a linear head."""

    def __init__(self, encoder: torch.nn.Module, width: int, classes: int, dropout: float) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = torch.nn.Dropout(dropout)
        self.head = torch.nn.Linear(width, classes)

    def embed(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """The mean of the last hidden states over the real tokens."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return weighted_mean(states, attention_mask.to(states.dtype))

    def word_embeddings(self) -> torch.Tensor:
        """The table of word embeddings (vocabulary, width)."""
        weight: torch.Tensor = self.encoder.get_input_embeddings().weight.detach()
        return weight


class Pretrained(Family):
    """Any Hugging Face id or local folder; word embeddings stay as they were pretrained."""

    name: ClassVar[str] = "pretrained"
    defaults: ClassVar[Settings] = Settings(
        epochs=5,
        batch_size=48,
        learning_rate=5e-4,
        head_learning_rate=2e-3,
        label_smoothing=0.1,
        average=0.99,
    )
    space: ClassVar[Mapping[str, tuple[Any, ...]]] = {
        "learning_rate": ("log", 1e-4, 1e-3),
        "head_learning_rate": ("log", 5e-4, 5e-3),
        "dropout": ("float", 0.0, 0.4),
        "weight_decay": ("log", 1e-3, 1e-1),
        "label_smoothing": ("float", 0.0, 0.2),
        "batch_size": ("choice", 32, 48, 64),
        "warmup": ("float", 0.0, 0.2),
    }

    def __init__(self, source: str | Path = "minilm") -> None:
        self.source = str(source)

    def tokenizer(self) -> str:
        """The content of the source's tokenizer.json.

        Raises:
            EnvironmentFault: the source has none.
        """
        path = model_folder(self.source) / TOKENIZER
        if not path.is_file():
            raise EnvironmentFault(
                str(path), "no such file", "save the model's fast tokenizer there with save_pretrained"
            )
        return path.read_text(encoding="utf-8")

    def weights_hash(self) -> str:
        """A hash of the source's weights: other weights in the same folder are another model.

        Raises:
            EnvironmentFault: the source has no safetensors.
        """
        files = sorted(model_folder(self.source).glob("*.safetensors"))
        if not files:
            raise EnvironmentFault(
                self.source, "holds no *.safetensors", "save the model there with save_pretrained"
            )
        return value_hash([file_hash(path) for path in files])

    def longest(self) -> int | None:
        """Most tokens of a text that the encoder has positions for; None where it numbers none.

        Those of the RoBERTa kind number from behind the padding token's position.
        """
        config = AutoConfig.from_pretrained(model_folder(self.source))
        with torch.device("meta"):  # the layers without their weights
            encoder = AutoModel.from_config(config)
        for name, module in encoder.named_modules():
            if name.endswith("position_embeddings") and isinstance(module, torch.nn.Embedding):
                unused = 0 if module.padding_idx is None else module.padding_idx + 1
                return module.num_embeddings - unused
        return None

    def words(self) -> torch.Tensor:
        """The source's table of word embeddings (vocabulary, width): where students start."""
        encoder = AutoModel.from_pretrained(model_folder(self.source))
        weight: torch.Tensor = encoder.get_input_embeddings().weight.detach()
        return weight

    def blueprint(self, classes: int, dropout: float) -> Blueprint:
        """The encoder's own configuration, so that it is rebuilt without hub or source."""
        config = AutoConfig.from_pretrained(model_folder(self.source)).to_dict()
        return Blueprint("pretrained", classes, dropout, {"source": self.source, "config": config})

    def build(self, blueprint: Blueprint, fresh: bool) -> PretrainedClassifier:
        """The classifier; eager attention, which is what exports to fused nodes."""
        if fresh:
            encoder = AutoModel.from_pretrained(model_folder(self.source), attn_implementation="eager")
        else:
            stored = dict(blueprint.parameters["config"])
            config = AutoConfig.for_model(stored.pop("model_type"), **stored)
            encoder = AutoModel.from_config(config, attn_implementation="eager")
        encoder.get_input_embeddings().weight.requires_grad_(False)
        width = int(encoder.config.hidden_size)
        return PretrainedClassifier(encoder, width, blueprint.classes, blueprint.dropout)


def shallow(network: PretrainedClassifier, layers: int) -> PretrainedClassifier | None:
    """A copy of the network with its first `layers` layers only: where a shallow student starts.

    None where the encoder keeps its layers in no list that could be cut (ALBERT has one layer for all).
    """
    cut = deepcopy(network)
    config = cut.encoder.config
    deep = int(config.num_hidden_layers)
    for name, module in cut.encoder.named_modules():
        if isinstance(module, torch.nn.ModuleList) and len(module) == deep:
            parent, _, leaf = name.rpartition(".")
            setattr(cut.encoder.get_submodule(parent), leaf, module[:layers])
            config.num_hidden_layers = layers
            return cut
    return None


class MiniLM(Pretrained):
    """The default: all-MiniLM-L6-v2, carried by a PyPI package, so that no hub is needed."""

    name: ClassVar[str] = "minilm"
