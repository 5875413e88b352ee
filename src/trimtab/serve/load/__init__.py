"""The load generator: always a process of its own, so that it never shares the server's interpreter."""

from trimtab.serve.load.drive import Server, drive, start_server
from trimtab.serve.load.result import OK, LoadResult, Plan
from trimtab.serve.load.turns import take_turns

__all__ = ["OK", "LoadResult", "Plan", "Server", "drive", "start_server", "take_turns"]
