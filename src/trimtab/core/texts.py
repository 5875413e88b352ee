"""What counts as a text: one rule for the rows that are read and for the requests that are served."""

from __future__ import annotations


def is_blank(text: str) -> bool:
    """Whether no character of it is visible: no model can say anything about such a text.

    >>> is_blank(" \\n\\u3000"), is_blank(" a")
    (True, False)
    """
    return not text.strip()
