"""The uncompressed model, as PyTorch runs it: what every other candidate is measured against."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import ClassVar

import torch

from trimtab.compress.fp32 import Answering
from trimtab.compress.job import Compressor, Job, answers_of, collapsed, parity
from trimtab.core.errors import GateFailed
from trimtab.core.objects import Candidate
from trimtab.models.family import load_network
from trimtab.models.fit import predict


class TorchScript(Compressor):
    """The trained network, traced, so that the `pytorch` runtime needs none of the code that built it."""

    name: ClassVar[str] = "torch"

    def compress(self, job: Job, folder: Path) -> list[Candidate]:
        """The candidate `torch-fp32`.

        Raises:
            GateFailed: the traced network answers otherwise, so that there is nothing to compare with.
        """
        network = load_network(job.trained.folder)
        source = predict(network, job.valid.tokens)[0]
        made = folder / "torch-fp32"
        made.mkdir(parents=True, exist_ok=True)
        example = torch.ones(2, 5, dtype=torch.int64)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # tracing is deprecated, but loads without transformers
            traced = torch.jit.trace(Answering(network).eval(), (example, example), check_trace=False)
            torch.jit.save(traced, str(made / "model.pt"))
        (made / "model.json").write_text(
            json.dumps({"runtime": "pytorch", "file": "model.pt"}), encoding="utf-8"
        )
        found = parity(answers_of(made, job.valid), source)
        if why := collapsed(found):
            raise GateFailed(
                f"model family '{job.trained.family}'",
                f"its network answers otherwise once it is traced: {why}",
                "name another under model.families; a network that branches by its input cannot be traced",
            )
        return [Candidate("torch-fp32", made, "pytorch", 0, parity=found)]
