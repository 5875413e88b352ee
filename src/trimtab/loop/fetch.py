"""Downloads a pretrained model once, so that runs work without a network."""

from __future__ import annotations

import os
from pathlib import Path

from trimtab.core.errors import EnvironmentFault

WANTED = ("config.json", "tokenizer*.json", "*.safetensors", "vocab*")
"""Configuration, tokenizer and weights; no pickled weights."""


def use_hub(folder: Path, offline: bool) -> None:
    """Let Hugging Face libraries, which read this when imported, look into `folder`; telemetry stays off."""
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    if folder.is_dir():
        os.environ["HF_HUB_CACHE"] = str(folder.resolve())
    if offline:
        os.environ["HF_HUB_OFFLINE"] = "1"


def fetch(source: str, folder: Path, offline: bool = False) -> Path:
    """Download a Hugging Face id into `folder`; returns the model's folder.

    Raises:
        EnvironmentFault: offline, no network, or no such id.
    """
    if offline:
        raise EnvironmentFault(
            f"model '{source}'",
            f"{', '.join(WANTED)} must be downloaded, and --offline forbids it",
            f"run `trimtab fetch {source}` where there is a network",
        )
    folder.mkdir(parents=True, exist_ok=True)
    use_hub(folder, offline)
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise EnvironmentFault(
            f"model '{source}'", "huggingface_hub is missing", 'run: pip install "trimtab[train]"'
        ) from error
    try:
        return Path(snapshot_download(source, cache_dir=folder, allow_patterns=list(WANTED)))
    except (OSError, ValueError) as error:
        problem = f"cannot be fetched ({type(error).__name__})"
        remedy = "check the id and the network; a local folder works in model.families too"
        raise EnvironmentFault(f"model '{source}'", problem, remedy) from error
