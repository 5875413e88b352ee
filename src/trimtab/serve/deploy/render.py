"""Renders the files of one deploy target."""

from __future__ import annotations

from trimtab.core.bundle import Bundle
from trimtab.core.spec import ServeSpec

IMAGE_HOST = "0.0.0.0"  # a container answers on all its interfaces; what reaches it is decided outside
CODE = "trimtab"
"""Folder of trimtab's own code beside the rendered files and in the image."""
GRACE_SECONDS = 15
"""Kubernetes and Docker wait this much longer than `serve.drain` before they kill."""


def render(target: str, bundle: Bundle, spec: ServeSpec) -> dict[str, str]:
    """The files of a target, by name; their place is beside `bundle/` and trimtab's code (`CODE`).

    Raises:
        ConfigError: no such target; the message lists what exists.
    """
    from trimtab.serve.deploy import TARGETS

    files: dict[str, str] = TARGETS.load(target)(bundle, spec)
    return files


def command(spec: ServeSpec) -> list[str]:
    """The command that serves inside a container."""
    options = {
        "--host": IMAGE_HOST,
        "--rest": spec.rest,
        "--grpc": spec.grpc,
        "--queue": spec.queue,
        "--max-texts": spec.max_texts,
        "--max-bytes": spec.max_bytes,
        "--batch-tokens": spec.batch_tokens,
        "--drain": f"{spec.drain:g}",
    }
    flags = [str(part) for pair in options.items() for part in pair]
    return ["python", "-m", "trimtab.serve", "/srv/bundle", *flags]


def stop_seconds(spec: ServeSpec) -> int:
    """How long an orchestrator must wait after SIGTERM."""
    return round(spec.drain) + GRACE_SECONDS


def app_name(bundle: Bundle) -> str:
    """The model's name as a DNS label, for containers and services (RFC 1123)."""
    plain = "".join(
        letter if letter.isascii() and letter.isalnum() else "-" for letter in _name(bundle).lower()
    )
    return f"trimtab-{plain.strip('-') or 'model'}"[:63].rstrip("-")


def _name(bundle: Bundle) -> str:
    return str(bundle.manifest.get("name", "model"))
