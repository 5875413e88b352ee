"""When the next request may go: so many a minute, and none while the server asks for a pause."""

from __future__ import annotations

import random
import threading
import time


class Pace:
    """Shared by all threads of a translator. `stop` ends every wait at once."""

    def __init__(self, per_minute: float | None) -> None:
        self._gap = 60 / per_minute if per_minute else 0.0
        self._next = 0.0
        self._lock = threading.Lock()
        self.stop = threading.Event()

    def wait(self) -> bool:
        """Wait for a turn; False if everybody should stop."""
        while not self.stop.is_set():
            with self._lock:
                now = time.monotonic()
                if now >= self._next:
                    self._next = now + self._gap
                    return True
                ahead = self._next - now
            self.stop.wait(ahead)
        return False

    def hold(self, seconds: float) -> None:
        """Let nobody go for some seconds."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)

    def pause(self, seconds: float) -> None:
        """Wait alone."""
        self.stop.wait(seconds)


def backoff(attempt: int, first: float, longest: float) -> float:
    """Seconds before attempt number `attempt` + 1: doubled each time, and drawn from the upper half of that.

    The jitter keeps clients that failed together from coming back together.
    """
    return min(longest, first * 2**attempt) * random.uniform(0.5, 1.0)
