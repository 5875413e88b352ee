"""Dynamic INT8 of an ONNX graph: weights per channel, activations per request."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from trimtab.compress.job import Compressor, Job, answers_of, collapsed, parity
from trimtab.core.objects import Candidate

OPERATORS = ("MatMul", "Attention", "Gather", "Gemm", "EmbedLayerNormalization")


class Int8(Compressor):
    """INT8 of `ort-fp32`.

    Dynamic quantisation takes one activation scale for a whole tensor. Batch-mates would change a row's
    answer, if the runtime did not ask for one row at a time; the scale fits each row the better for it.
    """

    name: ClassVar[str] = "int8"
    needs: ClassVar[tuple[str, ...]] = ("ort-fp32",)

    def compress(self, job: Job, folder: Path) -> list[Candidate]:
        """The candidate `ort-int8`."""
        source = job.made["ort-fp32"].folder
        made = quantise(source, folder / "ort-int8")
        found = parity(answers_of(made, job.valid), answers_of(source, job.valid))
        return [Candidate("ort-int8", made, "onnxrt", 1, "ort-fp32", found, refused=collapsed(found))]


def quantise(source: Path, folder: Path, operators: Sequence[str] = OPERATORS) -> Path:
    """Write the INT8 version of the ONNX model in `source` to `folder`.

    Weights are signed, symmetric, one scale a channel; `reduce_range` keeps 7 bits, since without
    VNNI the 16-bit sums of AVX2 saturate on 8. With `Gather` alone the table of word embeddings is
    quantised and nothing else.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    folder.mkdir(parents=True, exist_ok=True)
    logging.getLogger().addFilter(_without_advice)
    quantize_dynamic(
        str(source / "model.onnx"),
        str(folder / "model.onnx"),
        op_types_to_quantize=list(operators),
        weight_type=QuantType.QInt8,
        per_channel=True,
        reduce_range=True,
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT, "MatMulConstBOnly": True},
    )
    logging.getLogger().removeFilter(_without_advice)
    shutil.copy(source / "model.json", folder / "model.json")
    return folder


def _without_advice(record: logging.LogRecord) -> bool:
    """The quantiser advises a pre-processing step, which the fusion before it already did."""
    return "pre-processing" not in record.getMessage()
