"""The service that most teams begin with: FastAPI and gRPC around a PyTorch model, one text a call.

    python bench/parts/naive.py --trained FOLDER --tokenizer FILE [--no-padding]

Nothing in it is slow on purpose: a synchronous endpoint, as FastAPI's own guide shows for blocking code, a
thread pool of ten, as gRPC's quick start has it, the fast tokenizer, inference mode, and padding to 128
tokens, as tutorials fix it. `--no-padding` is the second rung. gRPC speaks trimtab's own protocol buffers.
"""

from __future__ import annotations

import argparse
import json
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import torch
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from tokenizers import Tokenizer

from trimtab.models.family import load_network
from trimtab.serve.lifeline import FLAG, HELP, end_with_parent
from trimtab.serve.protocol import open_inference_pb2 as pb
from trimtab.serve.rpc import SERVICE
from trimtab.serve.tensors import pack_texts, unpack_texts

PADDED = 128
RPC_THREADS = 10

Predict = Callable[[Sequence[str]], tuple[list[str], torch.Tensor]]
"""Labels and confidences (texts,) float32."""


class Request(BaseModel):
    """The same body as `POST /predict` of trimtab."""

    texts: list[str]


def model(trained: Path, tokenizer: Path, padded: bool) -> Predict:
    """Texts in, answers out."""
    network = load_network(trained)
    labels = json.loads((trained / "trained.json").read_text())["labels"]
    encoder = Tokenizer.from_file(str(tokenizer))
    encoder.enable_truncation(PADDED)
    encoder.enable_padding(length=PADDED if padded else None)

    def predict(texts: Sequence[str]) -> tuple[list[str], torch.Tensor]:
        encodings = encoder.encode_batch(list(texts))
        ids = torch.tensor([encoding.ids for encoding in encodings])
        mask = torch.tensor([encoding.attention_mask for encoding in encodings])
        with torch.inference_mode():
            best = network(ids, mask)[0].softmax(dim=-1).max(dim=-1)
        return [labels[at] for at in best.indices.tolist()], best.values

    return predict


def rest(predict: Predict) -> FastAPI:
    """The REST application."""
    app = FastAPI()

    @app.post("/predict")
    def answer(request: Request) -> dict[str, object]:
        labels, confidence = predict(request.texts)
        return {
            "predictions": [
                {"label": label, "confidence": value}
                for label, value in zip(labels, confidence.tolist(), strict=True)
            ]
        }

    return app


def rpc(predict: Predict) -> tuple[grpc.Server, int]:
    """A started gRPC server with the one method that the benchmark calls, and its port."""

    def infer(request: pb.ModelInferRequest, context: grpc.ServicerContext) -> pb.ModelInferResponse:
        del context
        labels, confidence = predict(unpack_texts(request.raw_input_contents[0]))
        response = pb.ModelInferResponse(id=request.id)
        response.outputs.add(name="label", datatype="BYTES", shape=[len(labels)])
        response.outputs.add(name="confidence", datatype="FP32", shape=[len(labels)])
        response.raw_output_contents.append(pack_texts([label.encode() for label in labels]))
        response.raw_output_contents.append(confidence.numpy().tobytes())
        return response

    method = grpc.unary_unary_rpc_method_handler(
        infer, pb.ModelInferRequest.FromString, pb.ModelInferResponse.SerializeToString
    )
    server = grpc.server(ThreadPoolExecutor(RPC_THREADS))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, {"ModelInfer": method}),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def main() -> None:
    """Serve until killed; prints the ports as one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trained", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--no-padding", action="store_true")
    parser.add_argument(FLAG, action="store_true", help=HELP)
    options = parser.parse_args()
    if options.with_parent:
        end_with_parent()
    predict = model(options.trained, options.tokenizer, padded=not options.no_padding)
    server, port = rpc(predict)
    listener = socket.create_server(("127.0.0.1", 0))
    print(json.dumps({"rest": listener.getsockname()[1], "grpc": port}), flush=True)
    config = uvicorn.Config(rest(predict), log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])
    server.stop(grace=None)


if __name__ == "__main__":
    main()
