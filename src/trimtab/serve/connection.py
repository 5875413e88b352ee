"""One HTTP connection: uvicorn's, with a limit on the head of a request, which uvicorn and httptools lack."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 64 * 1024
"""Request line and headers together; proxies allow 8 to 32 KB."""
_TOO_LARGE = b'{"error":"headers: more than %d bytes; send fewer"}' % MAX_HEAD_BYTES
_REFUSAL = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n" % len(_TOO_LARGE)
) + _TOO_LARGE


class Connection(HttpToolsProtocol):
    """Refuses a head that goes on for `MAX_HEAD_BYTES` after its first read: it would fill the memory."""

    _requests = 0
    _head: int | None = None  # bytes of an unfinished head; none between requests and in a body

    def data_received(self, data: bytes) -> None:
        """Parse what came, and give up where the head has grown too large."""
        requests = self._requests
        super().data_received(data)
        if self._head is None or self._requests != requests or self.transport.is_closing():
            return  # what a head began with may hold the body of the request before it
        self._head += len(data)
        if self._head > MAX_HEAD_BYTES:
            self.transport.write(_REFUSAL)
            self.transport.close()

    def on_message_begin(self) -> None:
        """A request begins."""
        self._requests += 1
        self._head = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Its head is complete."""
        self._head = None
        super().on_headers_complete()
