"""Compressors make a model cheaper; each is one file and one registry line."""

from trimtab.core.registry import Registry

COMPRESSORS = Registry(
    "compressor",
    "trimtab.compress",
    {
        "torch": "trimtab.compress.torchscript:TorchScript",
        "fp32": "trimtab.compress.fp32:Fp32",
        "int8": "trimtab.compress.int8:Int8",
        "student": "trimtab.compress.distil:Distil",
        "cascade": "trimtab.compress.cascade:BuildCascade",
    },
)

AUTO = tuple(COMPRESSORS)
"""The compressors of `compress: auto`, in an order in which each finds what it needs."""
NEEDS = {"int8": ("fp32",), "student": ("int8",), "cascade": ("int8", "student")}
"""The compressors whose candidates another one starts from, so that a plan can tell without loading any."""

__all__ = ["AUTO", "COMPRESSORS", "NEEDS"]
