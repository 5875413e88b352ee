"""Who sees which arm: by a hash, so a unit stays where it is and nobody keeps a list."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from trimtab.core.errors import ConfigError


@dataclass(frozen=True)
class Assignment:
    """Sticky assignment of units to arms, in given shares.

    A unit's place on [0, 1) is the SHA-256 of salt and unit; the arms lie on it side by side in their
    order. Raising the first arm's share of two therefore only adds units to it: nobody who saw the
    challenger loses it. A new salt shuffles everybody anew, which a new experiment needs (else it
    inherits the old one's groups).
    """

    salt: str
    shares: Mapping[str, float]

    def __post_init__(self) -> None:
        total = sum(self.shares.values())
        if not self.shares or min(self.shares.values()) < 0 or abs(total - 1) > 1e-9:
            raise ConfigError(
                "experiment.shares",
                f"{dict(self.shares)} sum to {total:g}",
                "give shares of at least 0 that sum to 1, such as {challenger: 0.1, champion: 0.9}",
            )

    def arm(self, unit: str) -> str:
        """The arm of a unit (a user, a session).

        >>> Assignment("checkout-1", {"challenger": 0.5, "champion": 0.5}).arm("user 7")
        'champion'
        """
        place = self.place(unit)
        reached = 0.0
        for name, share in self.shares.items():
            reached += share
            if place < reached:
                return name
        return [name for name, share in self.shares.items() if share > 0][-1]

    def place(self, unit: str) -> float:
        """Where a unit lies on [0, 1), to 53 bits."""
        digest = hashlib.sha256(f"{len(self.salt)}:{self.salt}:{unit}".encode()).digest()
        return (int.from_bytes(digest[:8], "big") >> 11) / 2**53
