"""One HTTP connection: uvicorn's, with limits on head and trailers, which uvicorn and httptools lack."""

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
    """Refuses what goes on for `MAX_HEAD_BYTES` and is no body: it would fill the memory.

    Such are endless headers, trailers and extensions of a chunk. The read in which they begin does not count:
    it may hold the end of what came before.
    """

    _idle_bytes = 0  # read since the parser last told of progress
    _progress = False

    def data_received(self, data: bytes) -> None:
        """Parse what came, and give up where too much came of nothing."""
        self._progress = False
        super().data_received(data)
        if self._progress or self.transport.is_closing():
            self._idle_bytes = 0
            return
        self._idle_bytes += len(data)
        if self._idle_bytes > MAX_HEAD_BYTES:
            self.transport.write(_REFUSAL)
            self.transport.close()

    def on_message_begin(self) -> None:
        """A request begins."""
        self._progress = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Its head is complete."""
        self._progress = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of its body is there."""
        self._progress = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._progress = True
        super().on_message_complete()
