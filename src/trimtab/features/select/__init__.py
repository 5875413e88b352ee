"""Keeps the features that tell something about the target, and says how surely they are the ones."""
