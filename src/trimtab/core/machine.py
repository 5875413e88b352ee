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


CGROUPS = Path("/sys/fs/cgroup")
OWN_GROUP = Path("/proc/self/cgroup")


def threads(cgroups: Path = CGROUPS, own: Path = OWN_GROUP) -> int:
    """Whole processors this process may use: its affinity, cut by the cgroup's quota, at least one."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, int(min([allowed, *_cpu_quotas(cgroups, own)])))


def memory_bytes(cgroups: Path = CGROUPS, own: Path = OWN_GROUP) -> int:
    """Memory this process may use: the machine's, cut by the cgroup's limit."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    files = [group / "memory.max" for group in _groups(cgroups, own)]
    limits = [_read(path) for path in (*files, cgroups / "memory" / "memory.limit_in_bytes")]
    return min([total, *(int(limit) for limit in limits if limit and limit.isdigit())])


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
        "packages": packages(),
    }


def packages() -> dict[str, str]:
    """Versions of the installed packages that results depend on."""
    return {name: found for name in _PACKAGES if (found := _version(name))}


def _groups(cgroups: Path, own: Path) -> list[Path]:
    """The process's own group and those around it (cgroup v2); in a container that is the root alone."""
    named = [line[len("0::/") :] for line in (_read(own) or "").splitlines() if line.startswith("0::/")]
    inner = cgroups / (named[0] if named else "")
    return [group for group in (inner, *inner.parents) if group == cgroups or cgroups in group.parents]


def _cpu_quotas(cgroups: Path, own: Path) -> list[float]:
    """Processors that the groups allow, where they set a limit (v2: `cpu.max`, v1: quota and period)."""
    pairs = [(_read(group / "cpu.max") or "max").split() for group in _groups(cgroups, own)]
    first = cgroups / "cpu"
    pairs.append([_read(first / "cpu.cfs_quota_us") or "-1", _read(first / "cpu.cfs_period_us") or "100000"])
    return [int(pair[0]) / int(pair[1]) for pair in pairs if pair[0].isdigit()]


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
