"""The model card of a bundle: what it is, what it was seen to do, how it was made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trimtab.core.objects import Splits
from trimtab.core.units import show_ms, show_share, show_size


def model_card(manifest: Mapping[str, Any], rows: Splits) -> str:
    """Markdown with the front matter that Hugging Face reads."""
    measured = manifest["measured"]
    low, high = show_share(measured["accuracy_low"]), show_share(measured["accuracy_high"])
    lines = [
        "---",
        "library_name: trimtab",
        f"pipeline_tag: {manifest['task']}",
        "---",
        "",
        f"# {manifest['name']}",
        "",
        f"A {manifest['task']} model with {len(rows.labels)} classes, made by trimtab {manifest['trimtab']}.",
        "",
        "| | measured |",
        "|---|---|",
        f"| accuracy ({measured['measured_on']}, {measured['rows']} rows) | "
        f"{show_share(measured['accuracy'])} ({low} to {high}) |",
        f"| latency p50, one request | {show_ms(measured['p50_ms'])} |",
        f"| latency p99, one request | {show_ms(measured['p99_ms'])} |",
        f"| answers a second, 32 clients | {measured['throughput']:.0f} |",
        f"| size | {show_size(measured['size_bytes'])} |",
        "",
        f"Measured on {measured['cpu']}, {measured['threads']} threads.",
        "",
        f"Trained on {len(rows.train)} rows; every choice was made on {len(rows.valid)} validation rows.",
        "",
        "```python",
        "from trimtab import load",
        'load("this folder").predict(["a text"])',
        "```",
        "",
    ]
    return "\n".join(lines)
