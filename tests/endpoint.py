"""A real HTTP server on loopback that speaks OpenAI's chat completions, and misbehaves on demand."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DEEDS = (
    "ok", "slow", "trickle", "429", "500", "cut off", "half a body", "no json", "too few", "too many",
    "twice", "out of tokens", "blank", "half a character", "hung up", "no usage",
)  # fmt: skip
"""What it can do with a request; all but `ok` and `no usage` leave the client without translations."""
LATE = 0.6
"""Seconds after which a slow answer comes."""


def translated(text: str) -> str:
    """What the server answers to a text."""
    return f"<{text.swapcase()}>"


@dataclass
class Endpoint:
    """What it was asked and did. `script` is used up, one deed a request; then it does `after`."""

    script: list[str] = field(default_factory=list)
    after: str = "ok"
    url: str = ""
    asked: list[list[str]] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    billed: float = 0.0
    price: float = 0.0
    wait: float = 0.0
    allowed: int = 8192
    """The largest `max_tokens` that is not refused; a token is a character here."""
    most: list[int] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self, body: dict[str, Any], key: str | None) -> tuple[str, list[str]]:
        """Note the request, and say what to do with it."""
        texts = list(json.loads(body["messages"][-1]["content"]).values())
        with self.lock:
            deed = self.script.pop(0) if self.script else self.after
            self.asked.append(texts)
            self.done.append(deed)
            self.keys.append(key)
            self.most.append(body["max_tokens"])
            self.at.append(time.monotonic())
        return deed, texts

    def answered(self) -> list[str]:
        """Every text that went back translated, as often as it did."""
        good = ("ok", "no usage")
        return [
            text for texts, deed in zip(self.asked, self.done, strict=True) if deed in good for text in texts
        ]


@contextmanager
def serving(script: Sequence[str] = (), after: str = "ok", **more: Any) -> Iterator[Endpoint]:
    """The endpoint, listening on a free port of loopback."""
    endpoint = Endpoint(list(script), after, **more)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(endpoint))
    server.daemon_threads = True
    endpoint.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(endpoint: Endpoint) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            body = json.loads(raw)
            deed, texts = endpoint.next(body, self.headers.get("Authorization"))
            time.sleep(endpoint.wait)
            try:
                self.close_connection = True
                if body["max_tokens"] > endpoint.allowed:
                    self.say(400, b"Invalid max_tokens value")
                    return
                misdeed = MISDEEDS.get(deed)
                if misdeed is not None:
                    misdeed(self)
                    return
                self.whole(deed, texts, raw, body["max_tokens"])
            except (BrokenPipeError, ConnectionResetError):
                pass  # the client has gone

        def whole(self, deed: str, texts: list[str], raw: bytes, most: int) -> None:
            """A chat completion, bearing what the deed makes of it."""
            content = _content(deed, [translated(text) for text in texts])
            cut = deed == "out of tokens" or len(content) > most
            content = content[:most]
            spent = {"prompt_tokens": len(raw) // 3, "completion_tokens": len(content)}
            with endpoint.lock:
                endpoint.billed += sum(spent.values()) * endpoint.price / 1e6
            message = {"role": "assistant", "content": content}
            reason = "length" if cut else "stop"
            reply: dict[str, Any] = {"choices": [{"message": message, "finish_reason": reason}]}
            if deed != "no usage":
                reply["usage"] = spent
            body = json.dumps(reply).encode()
            if deed == "slow":
                time.sleep(LATE)
            self.start(200, len(body))
            if deed == "trickle":
                for at in range(0, len(body), 8):
                    self.wfile.write(body[at : at + 8])
                    time.sleep(LATE / 10)
            elif deed == "cut off":
                self.wfile.write(body[: len(body) // 2])
            else:
                self.wfile.write(body)

        def start(self, status: int, length: int, **headers: str) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(length))
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()

        def say(self, status: int, text: bytes, **headers: str) -> None:
            self.start(status, len(text), **headers)
            self.wfile.write(text)

    return Handler


def _content(deed: str, answers: list[str]) -> str:
    pairs = [(str(number), answer) for number, answer in enumerate(answers, start=1)]
    if deed == "too few":
        pairs = pairs[1:]
    if deed == "too many":
        pairs = [*pairs, (str(len(pairs) + 1), "one more")]
    if deed == "blank":
        pairs = [(number, " ") for number, _ in pairs]
    if deed == "half a character":
        pairs = [(number, f"{answer}\ud83d") for number, answer in pairs]
    if deed == "twice":
        pairs = [*pairs, pairs[0]]
    if deed == "no json":
        return "Here you are: " + ", ".join(answers)
    inside = ",".join(f"{json.dumps(number)}:{json.dumps(answer)}" for number, answer in pairs)
    return f"```json\n{{{inside}}}\n```" if deed == "no usage" else f"{{{inside}}}"


MISDEEDS: dict[str, Callable[[Any], None]] = {
    "429": lambda handler: handler.say(429, b"slow down", Retry_After="0.05"),
    "429 for long": lambda handler: handler.say(429, b"slow down", Retry_After="1"),
    "500": lambda handler: handler.say(500, b"oops"),
    "401": lambda handler: handler.say(401, b"no such key"),
    "302": lambda handler: handler.say(302, b"", Location="http://127.0.0.1:9/"),
    "half a body": lambda handler: handler.say(200, b'{"choices": [{"mess'),
    "hung up": lambda handler: handler.connection.close(),
}
