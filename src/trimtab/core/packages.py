"""The packages that trimtab asks for, by its own metadata."""

from __future__ import annotations

import re
from importlib.metadata import requires


def required(extra: str | None = None) -> list[str]:
    """The packages that `extra` asks for, by name; without it those of every install.

    >>> "numpy" in required(), "torch" in required(), "torch" in required("train")
    (True, False, True)
    """
    found = set()
    for requirement in requires("trimtab") or ():
        what, _, marker = requirement.partition(";")
        asks = re.search(r"extra == ['\"](\w+)['\"]", marker)
        if (asks and asks[1]) == extra:
            found.add(re.split(r"[^\w.-]", what.strip(), maxsplit=1)[0])
    return sorted(found)
