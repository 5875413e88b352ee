"""Answers requests: REST and gRPC on one engine."""
