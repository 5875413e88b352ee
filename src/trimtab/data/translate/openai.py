"""Any endpoint that speaks OpenAI's chat completions: DeepSeek, vLLM, llama.cpp, Ollama and others."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit

from pydantic import Field

from trimtab.core.columns import Fault
from trimtab.core.errors import ConfigError, EnvironmentFault
from trimtab.data.translate.base import Order, Stopped, Translator, wanted
from trimtab.data.translate.http import Failed, Reply, post
from trimtab.data.translate.pace import Pace, backoff

_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529})
"""Statuses after which the same request may succeed; any other but 200 is final."""
_FENCE = re.compile(r"^```\w*\n(.*)\n```$", re.DOTALL)


_SURROGATE = re.compile("[\ud800-\udfff]")
"""Half a character: JSON can say it, UTF-8 and so a column of texts cannot."""


class _Unusable(Exception):
    """An answer came whole, but not with one translation for each text."""


@dataclass(frozen=True)
class _Answer:
    content: str
    cut: bool
    cost: float | None


@dataclass(frozen=True)
class OpenAI(Translator):
    """Ask `model` at `base_url` for the translations of `batch_size` texts at a time, `concurrency` at once.

    The key is read from the environment variable `key_variable` (blank: none is sent) and stands nowhere
    else. Texts go out numbered, and an answer counts only if it has exactly these numbers; otherwise the
    batch is halved and asked again, and a single text is given up after `retries`. A failed request (no
    connection, cut off, longer than `timeout` seconds, 429, 5xx) is repeated up to `retries` times, after the
    server's `Retry-After` or an exponential back-off from `first_wait` seconds; `per_minute` limits the rate.

    `max_requests` and `max_cost` (with the prices `price_in` and `price_out` of a million tokens) cap what is
    spent in all, over every run with the same cache: before a request goes out the most it can cost is
    booked. A request whose answer was lost stays booked.

    An answer is asked to be at most `max_tokens` long, for an endpoint refuses to promise more than its model
    can write; one that was cut there is halved like any other that does not fit, so a single text with a
    longer translation is given up.
    """

    name: ClassVar[str] = "openai"
    manner: ClassVar[frozenset[str]] = frozenset(
        {"batch_size", "concurrency", "key_variable", "timeout", "retries", "first_wait", "longest_wait"}
        | {"max_tokens", "per_minute", "max_requests", "max_cost", "price_in", "price_out"}
    )

    batch_size: Annotated[int, Field(ge=1, le=1000)] = 16
    model: str = ""
    base_url: str = "https://api.openai.com/v1"
    key_variable: str = "OPENAI_API_KEY"
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0
    max_tokens: Annotated[int, Field(ge=16)] = 4096
    concurrency: Annotated[int, Field(ge=1, le=64)] = 4
    timeout: Annotated[float, Field(gt=0)] = 60.0
    retries: Annotated[int, Field(ge=0, le=20)] = 5
    first_wait: Annotated[float, Field(gt=0)] = 1.0
    longest_wait: Annotated[float, Field(gt=0)] = 120.0
    per_minute: Annotated[float, Field(gt=0)] | None = None
    max_requests: Annotated[int, Field(ge=0)] | None = None
    max_cost: Annotated[float, Field(ge=0)] | None = None
    price_in: Annotated[float, Field(ge=0)] | None = None
    price_out: Annotated[float, Field(ge=0)] | None = None

    def __post_init__(self) -> None:
        wanted(self.model, "model", self.name, "deepseek-chat")
        if urlsplit(self.base_url).scheme not in ("http", "https"):
            raise ConfigError(
                self._place, f"base_url is '{self.base_url}'", "start it with https:// or http://"
            )
        if self.max_cost is not None and (self.price_in is None or self.price_out is None):
            raise ConfigError(self._place, "max_cost needs the prices", "set price_in and price_out")

    @property
    def _place(self) -> str:
        return f"translator {self.name} ({self.base_url})"

    def check(self, source: str, target: str) -> Iterator[Fault]:
        """Without its key it asks nothing."""
        del source, target
        try:
            self._headers()
        except EnvironmentFault as error:
            yield Fault(f"{error.place}: {error.problem}", error.remedy)

    def translate(self, texts: Sequence[str], order: Order) -> None:
        """Ask for the texts in batches, several at once; each answer is kept before the next is asked."""
        job = _Job(self, order, Pace(self.per_minute), self._headers())
        pool = ThreadPoolExecutor(self.concurrency, thread_name_prefix="translate")
        try:
            asked = [pool.submit(job.run, batch) for batch in self.batches(texts)]
            wait(asked, return_when=FIRST_EXCEPTION)
            failures = [one.exception() for one in asked if one.done() and one.exception() is not None]
        finally:
            job.pace.stop.set()  # those that wait give up; an answer on its way is still read and kept
            pool.shutdown(wait=True, cancel_futures=True)
        if failures and failures[0] is not None:
            raise failures[0]

    def _headers(self) -> dict[str, str]:
        if not self.key_variable:
            return {}
        key = os.environ.get(self.key_variable, "").strip()
        if not key:
            raise EnvironmentFault(
                self._place, f"the variable {self.key_variable} is not set", "set it to the key"
            )
        if not (key.isascii() and key.isprintable()):
            raise EnvironmentFault(
                self._place, f"the variable {self.key_variable} holds no key", "only ASCII may stand in it"
            )
        return {"Authorization": f"Bearer {key}"}


class _Job:
    """One order on its way; its methods run in several threads at once."""

    def __init__(self, to: OpenAI, order: Order, pace: Pace, headers: Mapping[str, str]) -> None:
        self.to = to
        self.order = order
        self.pace = pace
        self.headers = headers
        self.url = f"{to.base_url.rstrip('/')}/chat/completions"

    def run(self, texts: Sequence[str]) -> None:
        """One batch; a failure tells the other threads to stop before they ask again."""
        try:
            self.batch(texts)
        except BaseException:
            self.pace.stop.set()
            raise

    def batch(self, texts: Sequence[str]) -> None:
        """Translate and keep the texts: all, or those that the model can be brought to translate."""
        for _ in range(self.to.retries + 1 if len(texts) == 1 else 1):
            answer = self.ask(texts)
            if answer is None:
                return
            try:
                self.order.keep(understood(answer, texts))
                return
            except _Unusable:
                continue
        if len(texts) > 1:
            middle = len(texts) // 2
            self.batch(texts[:middle])
            self.batch(texts[middle:])

    def ask(self, texts: Sequence[str]) -> _Answer | None:
        """A whole answer, after as many tries as it takes; None if everybody should stop.

        Raises:
            Stopped: a cap is reached, the endpoint is dead, or it refuses.
        """
        body, most = self.request(texts)
        why = ""
        for attempt in range(self.to.retries + 1):
            if not self.pace.wait():
                return None
            self.reserve(most)
            try:
                reply = post(self.url, body, self.headers, self.to.timeout)
            except Failed as failure:
                why = str(failure)
                if failure.unsent:
                    self.order.ledger.settle(most, 0.0)
                self.pace.pause(backoff(attempt, self.to.first_wait, self.to.longest_wait))
                continue
            if reply.status == 200:
                answer = self.read(reply)
                if answer is not None:
                    self.order.ledger.settle(most, most if answer.cost is None else answer.cost)
                    return answer
                why = "the body is no chat completion"
            else:
                self.order.ledger.settle(most, 0.0)
                why = self.refused(reply)
            self.delay(reply, attempt)
        raise Stopped(
            self.to._place, f"gave up after {self.to.retries + 1} tries: {why}", "see whether it is alive"
        )

    def reserve(self, most: float) -> None:
        """Book the request, or stop."""
        if not self.order.ledger.reserve(most, self.to.max_requests, self.to.max_cost):
            requests, cost = self.order.ledger.spent()
            raise Stopped(
                self.to._place,
                f"the cap is reached: {requests} requests, {cost:.4f} spent",
                "raise max_requests or max_cost",
            )

    def refused(self, reply: Reply) -> str:
        """What the server said; raises where asking again is no use."""
        said = " ".join(reply.body.decode(errors="replace").split())[:200]
        why = f"status {reply.status}" + (f" ({said})" if said else "")
        if reply.status not in _AGAIN:
            key = self.to.key_variable or "the server's access"
            remedy = f"check {key}" if reply.status in (401, 403) else "check base_url, model and options"
            raise Stopped(self.to._place, why, remedy)
        return why

    def delay(self, reply: Reply, attempt: int) -> None:
        """Wait as long as the server says, and let nobody else go; or back off alone."""
        asked = reply.retry_after()
        if asked is None:
            self.pace.pause(backoff(attempt, self.to.first_wait, self.to.longest_wait))
        else:
            self.pace.hold(min(asked, self.to.longest_wait))

    def request(self, texts: Sequence[str]) -> tuple[bytes, float]:
        """The body, and the most that it can cost: a token is at least one byte."""
        numbered = json.dumps(dict(enumerate(texts, start=1)), ensure_ascii=False)
        said = (
            f"Translate each value of the JSON object from {self.order.source} to {self.order.target}. "
            "Answer with a JSON object of the same keys, with the translations as values, and nothing else."
        )
        most_out = min(256 + 3 * len(numbered.encode()), self.to.max_tokens)
        body = {
            "model": self.to.model,
            "temperature": self.to.temperature,
            "max_tokens": most_out,
            "messages": [{"role": "system", "content": said}, {"role": "user", "content": numbered}],
        }
        sent = json.dumps(body, ensure_ascii=False).encode()
        return sent, self.price(len(sent), most_out)

    def price(self, tokens_in: float, tokens_out: float) -> float:
        """What tokens cost, by the prices of a million."""
        return (tokens_in * (self.to.price_in or 0) + tokens_out * (self.to.price_out or 0)) / 1e6

    def read(self, reply: Reply) -> _Answer | None:
        """The message of a chat completion; None if the body is none."""
        try:
            body = json.loads(reply.body)
            choice = body["choices"][0]
            content = choice["message"]["content"]
        except (ValueError, KeyError, IndexError, TypeError):
            return None
        if not isinstance(content, str):
            return None
        return _Answer(content, choice.get("finish_reason") == "length", self.cost(body.get("usage")))

    def cost(self, usage: Any) -> float | None:
        """What the answer cost, if the server says how many tokens it took."""
        try:
            return self.price(float(usage["prompt_tokens"]), float(usage["completion_tokens"]))
        except (KeyError, TypeError, ValueError):
            return None


def understood(answer: _Answer, texts: Sequence[str]) -> dict[str, str]:
    """The translations by text, if the answer has each number once and a text for it.

    Raises:
        _Unusable: it was cut off, is no JSON object, or its numbers are not those of the texts.
    """
    fenced = _FENCE.match(answer.content.strip())
    try:
        found = json.loads(fenced[1] if fenced else answer.content, object_pairs_hook=_once)
    except ValueError as error:
        raise _Unusable from error
    numbers = [str(number) for number in range(1, len(texts) + 1)]
    if answer.cut or not isinstance(found, dict) or found.keys() != set(numbers):
        raise _Unusable
    lines = [" ".join(value.split()) if isinstance(value, str) else "" for value in map(found.get, numbers)]
    if not all(lines) or any(_SURROGATE.search(line) for line in lines):
        raise _Unusable
    return dict(zip(texts, lines, strict=True))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; a key that stands twice is a mistake, not a choice."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands twice")
    return made
