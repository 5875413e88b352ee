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

__all__ = ["COMPRESSORS"]
