"""How a service is reached: its address, and the variable that holds its token."""

from __future__ import annotations

TOKEN = "TRIMTAB_TOKEN"
"""Environment variable with the bearer token; unset or empty asks for none."""


def address(host: str, port: int) -> str:
    """`host:port`; an IPv6 address in brackets (RFC 3986, 3.2.2).

    >>> address("127.0.0.1", 8080), address("::1", 8080)
    ('127.0.0.1:8080', '[::1]:8080')
    """
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
