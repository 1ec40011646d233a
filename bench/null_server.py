"""The floor of the ingest measurement: a uvloop server that frames, checks and acknowledges, and does nothing else."""

from __future__ import annotations

import asyncio
from typing import Final, cast

import uvloop
from fastcrc import crc16

# Start bits, the length itself, stop bits: what the length byte does not count.
ENVELOPE_BYTES: Final = 5


class Null(asyncio.Protocol):
    """One connection.  As little as can be done for a frame and still answer it correctly."""

    __slots__ = ("rest", "transport")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's own class, of the same shape
        self.rest = b""

    def data_received(self, data: bytes) -> None:
        buffer = self.rest + data if self.rest else data
        at, size = 0, len(buffer)
        while size - at >= ENVELOPE_BYTES:
            end = at + buffer[at + 2] + ENVELOPE_BYTES
            if end > size:
                break
            if crc16.ibm_sdlc(buffer[at + 2 : end - 4]) == buffer[end - 4] << 8 | buffer[end - 3]:
                answer = b"\x05" + buffer[at + 3 : at + 4] + buffer[end - 6 : end - 4]
                self.transport.write(b"xx" + answer + crc16.ibm_sdlc(answer).to_bytes(2, "big") + b"\r\n")
            at = end
        self.rest = buffer[at:]


async def main() -> None:
    """Serve until ended; say on which port."""
    server = await asyncio.get_running_loop().create_server(Null, "127.0.0.1", 0, backlog=4096)
    print(f"listening on {server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
