"""What REST and gRPC share: the engine, the model's name and metadata, and who may ask."""

from __future__ import annotations

import hmac
import os
from dataclasses import dataclass
from typing import Any

from trimtab import __version__
from trimtab.serve.engine import Engine
from trimtab.serve.metrics import Meter
from trimtab.serve.refusal import Draining, Unauthorised, Unknown
from trimtab.serve.tensors import DATATYPES, INPUT, OUTPUTS

PLATFORM = "onnx_onnxv1"


@dataclass(frozen=True)
class Service:
    """One bundle being served. Where `token` is set, only requests that carry it are answered."""

    engine: Engine
    meter: Meter
    token: str | None = None

    @property
    def name(self) -> str:
        """The model's name in paths and messages."""
        return str(self.engine.bundle.manifest.get("name", "model"))

    @property
    def version(self) -> str:
        """The bundle's version."""
        return self.engine.bundle.version

    def authorise(self, header: bytes | str | None) -> None:
        """Let pass who sends `Bearer TOKEN`; takes the same time whatever is wrong.

        Raises:
            Unauthorised: a token is set and this is another one.
        """
        if self.token is None:
            return
        said = (header or b"") if isinstance(header, bytes | None) else os.fsencode(header)
        scheme, _, token = said.partition(b" ")
        if scheme.lower() != b"bearer" or not hmac.compare_digest(token, os.fsencode(self.token)):
            raise Unauthorised

    def check_model(self, name: str, version: str | None = None) -> None:
        """Refuse a model or version that is not the one served.

        Raises:
            Unknown: the message names the one that is.
        """
        if name != self.name:
            raise Unknown(f"model '{name}'", "not served here", f"ask for '{self.name}'")
        if version and version != self.version:
            raise Unknown(f"version '{version}' of '{name}'", "not served here", f"ask for '{self.version}'")

    def check_ready(self) -> None:
        """Refuse when the server is stopping.

        Raises:
            Draining: it is.
        """
        if self.engine.draining:
            raise Draining

    def server_metadata(self) -> dict[str, Any]:
        """Name, version and extensions of the server."""
        return {"name": "trimtab", "version": __version__, "extensions": ["binary_tensor_data"]}

    def model_metadata(self) -> dict[str, Any]:
        """The model's inputs and outputs; -1 is a dimension of any size."""
        classes = len(self.engine.bundle.labels)
        shapes = {"label": [-1], "confidence": [-1], "probabilities": [-1, classes]}
        return {
            "name": self.name,
            "versions": [self.version],
            "platform": PLATFORM,
            "inputs": [{"name": INPUT, "datatype": "BYTES", "shape": [-1]}],
            "outputs": [
                {"name": name, "datatype": DATATYPES[name], "shape": shapes[name]} for name in OUTPUTS
            ],
        }
