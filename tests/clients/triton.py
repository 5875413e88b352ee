"""Infers with tritonclient over HTTP and gRPC; tests/serve/test_tritonclient.py runs it.

python tests/clients/triton.py HTTP_HOST:PORT GRPC_HOST:PORT MODEL TEXT... -> one line of JSON
"""

import json
import sys

import numpy as np
import tritonclient.grpc as over_grpc
import tritonclient.http as over_http

OUTPUTS = ("label", "confidence", "probabilities")


def infer(kind, url, model, texts, **form):
    """The outputs by name, asked with tritonclient's own classes."""
    client = kind.InferenceServerClient(url)
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready(model)
    assert client.get_server_metadata()
    assert client.get_model_metadata(model)
    tensor = kind.InferInput("text", [len(texts)], "BYTES")
    tensor.set_data_from_numpy(np.array([text.encode() for text in texts], dtype=object), **form)
    wanted = [kind.InferRequestedOutput(name, **form) for name in OUTPUTS]
    found = client.infer(model, [tensor], outputs=wanted)
    plain = client.infer(model, [tensor])
    assert labels(plain) == labels(found)
    client.close()
    return {
        "label": labels(found),
        "confidence": found.as_numpy("confidence").tolist(),
        "probabilities": found.as_numpy("probabilities").tolist(),
    }


def labels(result):
    """The labels as text; tritonclient gives bytes or text, depending on the form."""
    return [label.decode() if isinstance(label, bytes) else label for label in result.as_numpy("label")]


def main():
    http, grpc, model, *texts = sys.argv[1:]
    said = {
        "http_binary": infer(over_http, http, model, texts, binary_data=True),
        "http_json": infer(over_http, http, model, texts, binary_data=False),
        "grpc": infer(over_grpc, grpc, model, texts),
    }
    print(json.dumps(said))


if __name__ == "__main__":
    main()
