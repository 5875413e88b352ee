"""The service that most teams begin with: FastAPI around a PyTorch model, one text a call.

    python bench/naive.py --trained FOLDER --tokenizer FILE [--no-padding]

Nothing in it is slow on purpose: a synchronous endpoint, as FastAPI's own guide shows for blocking code,
the fast tokenizer, inference mode, and padding to 128 tokens, as tutorials fix it. `--no-padding` is the
second rung.
"""

from __future__ import annotations

import argparse
import json
import socket
from pathlib import Path

import torch
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from tokenizers import Tokenizer

from trimtab.models.family import load_network

PADDED = 128


class Request(BaseModel):
    """The same body as `POST /predict` of trimtab."""

    texts: list[str]


def service(trained: Path, tokenizer: Path, labels: list[str], padded: bool) -> FastAPI:
    """The application."""
    network = load_network(trained)
    encoder = Tokenizer.from_file(str(tokenizer))
    encoder.enable_truncation(PADDED)
    if padded:
        encoder.enable_padding(length=PADDED)
    else:
        encoder.enable_padding()
    app = FastAPI()

    @app.post("/predict")
    def predict(request: Request) -> dict[str, object]:
        encodings = encoder.encode_batch(request.texts)
        ids = torch.tensor([encoding.ids for encoding in encodings])
        mask = torch.tensor([encoding.attention_mask for encoding in encodings])
        with torch.inference_mode():
            probabilities = network(ids, mask)[0].softmax(dim=-1)
        best = probabilities.max(dim=-1)
        return {
            "predictions": [
                {"label": labels[int(at)], "confidence": float(value)}
                for value, at in zip(best.values, best.indices, strict=True)
            ]
        }

    return app


def main() -> None:
    """Serve until killed; prints the port as one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trained", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--no-padding", action="store_true")
    options = parser.parse_args()
    labels = json.loads((options.trained / "trained.json").read_text())["labels"]
    app = service(options.trained, options.tokenizer, labels, padded=not options.no_padding)
    listener = socket.create_server(("127.0.0.1", 0))
    print(json.dumps({"rest": listener.getsockname()[1]}), flush=True)
    config = uvicorn.Config(app, log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
