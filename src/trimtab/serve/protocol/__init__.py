"""The Open Inference Protocol v2 over gRPC: `open_inference.proto`, and the messages made from it by

python -m grpc_tools.protoc -I src --python_out=src src/trimtab/serve/protocol/open_inference.proto

Only the messages are generated: `rpc.py` registers the methods itself, so any grpcio will do.
"""
