"""http and https on one port.

The web server's address that MWAA's tokens come with has no scheme, and what is written against MWAA puts https://
before it; a browser of this machine, which does not know the certificate, is better led there by http.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HANDSHAKE = b"\x16"  # the first byte of TLS, and of no request of HTTP
CHUNK = 65_536  # bytes


def door(context: ssl.SSLContext) -> type[H11Protocol]:
    """Return uvicorn's protocol for both, e.g. for `uvicorn.run(http=…)`.

    Args:
        context: what it shows its certificate with.
    """

    class Door(H11Protocol):
        _secured: Secured | None = None
        _begun = False

        def data_received(self, data: bytes) -> None:
            if not self._begun and data.startswith(HANDSHAKE):
                self._secured = Secured(self.transport, context)
                # Answers are written to it, in this protocol and in what handles a request for it.
                self.transport, self.scheme = self._secured, "https"  # type: ignore[assignment]
            self._begun = True
            if plain := self._secured.read(data) if self._secured else data:
                super().data_received(plain)

    return Door


class Secured:
    """A connection behind TLS, as the transport that it is to a protocol."""

    def __init__(self, transport: asyncio.Transport, context: ssl.SSLContext) -> None:
        self._transport, self._in, self._out = transport, ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_side=True)
        self._shaken = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def read(self, data: bytes) -> bytes:
        """Return what bytes of the connection say; nothing yet, perhaps. A client that cannot agree is hung up on."""
        self._in.write(data)
        plain = b""
        try:
            if not self._shaken:
                self._tls.do_handshake()
                self._shaken = True
            while chunk := self._tls.read(CHUNK):
                plain += chunk
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            self._flush()
            self._transport.close()
        self._flush()
        return plain

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self._tls.write(data)
        self._flush()

    def close(self) -> None:
        """Say goodbye and end the connection."""
        with contextlib.suppress(ssl.SSLError):
            self._tls.unwrap()
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._out.pending and not self._transport.is_closing():
            self._transport.write(self._out.read())
