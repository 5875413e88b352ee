"""What this machine may give us (cgroups and affinity respected), and what it is."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_PACKAGES = (
    "trimtab",
    "torch",
    "transformers",
    "onnxruntime",
    "onnx",
    "tokenizers",
    "polars",
    "numpy",
    "optuna",
    "fastapi",
    "uvicorn",
    "grpcio",
)


def threads() -> int:
    """Whole processors this process may use: its affinity, cut by the cgroup's quota."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _cgroup_cpus()
    return max(1, min(allowed, int(quota)) if quota else allowed)


def memory_bytes() -> int:
    """Memory this process may use: the machine's, cut by the cgroup's limit."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = _read(Path("/sys/fs/cgroup/memory.max")) or _read(
        Path("/sys/fs/cgroup/memory/memory.limit_in_bytes")
    )
    return min(total, int(limit)) if limit and limit.isdigit() else total


def cpu_name() -> str:
    """The processor's name, with the instruction sets that decide the speed of INT8."""
    text = _read(Path("/proc/cpuinfo")) or ""
    fields = dict(line.split(":", 1) for line in text.split("\n\n")[0].splitlines() if ":" in line)
    named = {key.strip(): value.strip() for key, value in fields.items()}
    flags = named.get("flags", "").split()
    sets = [name for name in ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8") if name in flags]
    return f"{named.get('model name', platform.processor() or platform.machine())} ({' '.join(sets)})"


def describe() -> dict[str, Any]:
    """Processor, threads, memory, operating system and package versions, for reports and benchmarks."""
    return {
        "cpu": cpu_name(),
        "threads": threads(),
        "memory_gib": round(memory_bytes() / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: found for name in _PACKAGES if (found := _version(name))},
    }


def _cgroup_cpus() -> float | None:
    text = _read(Path("/sys/fs/cgroup/cpu.max"))
    if text and not text.startswith("max"):
        quota, period = text.split()
        return float(quota) / float(period)
    quota_v1 = _read(Path("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"))
    period_v1 = _read(Path("/sys/fs/cgroup/cpu/cpu.cfs_period_us"))
    if quota_v1 and period_v1 and int(quota_v1) > 0:
        return int(quota_v1) / int(period_v1)
    return None


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return None


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
