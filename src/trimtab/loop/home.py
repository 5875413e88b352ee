"""Where a project keeps what it made: `.trimtab/` beside the spec file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from trimtab.core.errors import ConfigError, suggestion
from trimtab.core.releases import Releases

FOLDER = ".trimtab"


@dataclass(frozen=True)
class Home:
    """The paths below `.trimtab/`; nothing is made by asking."""

    root: Path

    @classmethod
    def of(cls, file: Path) -> Home:
        """The home of a spec file."""
        return cls(file.parent / FOLDER)

    @property
    def registry(self) -> Path:
        """The file of the registry."""
        return self.root / "registry.db"

    @property
    def requests(self) -> Path:
        """The request log of the service."""
        return self.root / "requests"

    @property
    def features(self) -> Path:
        """The stages of features, each in a folder named by its hash."""
        return self.root / "store" / "features"

    @property
    def bench(self) -> Path:
        """Raw results of load tests."""
        return self.root / "bench"

    @property
    def hub(self) -> Path:
        """What `trimtab fetch` downloaded."""
        return self.root / "hub"

    @contextmanager
    def releases(self) -> Iterator[Releases]:
        """The registry of bundles.

        Raises:
            ConfigError: nothing was registered yet.
        """
        if not self.registry.is_file():
            raise ConfigError(
                str(self.registry), "there is no registry yet", "make a first version with `trimtab run`"
            )
        releases = Releases(self.registry)
        try:
            yield releases
        finally:
            releases.close()

    def bundle(self, version: str = "champion") -> Path:
        """The bundle's folder of a version or of an alias (`champion`, `challenger`, `previous`).

        Raises:
            ConfigError: no such version, or nothing behind the alias; the message lists what exists.
        """
        with self.releases() as releases:
            found = releases.alias(version)
            return releases.folder(version) if found is None else found[1]

    def report(self, run: str | None = None) -> Path:
        """The report of a run, of the latest one by default.

        Raises:
            ConfigError: no run has ended yet, or none has that name.
        """
        found = sorted(self.root.glob("runs/*/report.html"), key=lambda path: path.stat().st_mtime)
        if not found:
            raise ConfigError(str(self.root / "runs"), "no run has ended yet", "start one with `trimtab run`")
        named = {path.parent.name: path for path in found}
        if run is None:
            return found[-1]
        if run not in named:
            raise ConfigError(f"run '{run}'", f"not in {self.root / 'runs'}", suggestion(run, named))
        return named[run]
