"""Messages between the grader and the sandbox: a length, then JSON. What comes from inside is never run."""

from __future__ import annotations

import json
import socket
import struct
import time
from typing import Any

LINE = 4096  # bytes of a message that comes with a connection
LARGEST = 16_000_000  # bytes of a message


class WireError(Exception):
    """The other side has gone, or sent what is no message."""


def send(connection: socket.socket, message: dict[str, Any]) -> None:
    """Send a message, whole."""
    data = json.dumps(message).encode()
    connection.sendall(struct.pack("!I", len(data)) + data)


def receive(connection: socket.socket, end: float | None = None) -> dict[str, Any]:
    """The next message, whole.

    Args:
        connection: where it comes from.
        end: when it must be here at the latest, as time.monotonic() says it, however slowly it drips.

    Raises:
        WireError: the other side has gone, or what comes is no message.
        TimeoutError: it is not here in time, or the connection's own time-out has passed.
    """
    data = receive_raw(connection, end)
    if not data:
        raise WireError("the connection is closed")
    try:
        message = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise WireError(f"no JSON: {type(error).__name__}") from None
    if type(message) is not dict:
        raise WireError("no message")
    return message


def receive_raw(connection: socket.socket, end: float | None = None) -> bytes:
    """The bytes of the next message; none if the other side has gone.

    Raises:
        WireError: it is longer than any message may be.
    """
    head = _exactly(connection, 4, end)
    if len(head) < 4:
        return b""
    (length,) = struct.unpack("!I", head)
    if length > LARGEST:
        raise WireError(f"a message of {length:,} bytes, of at most {LARGEST:,}")
    return _exactly(connection, length, end)


def _exactly(connection: socket.socket, count: int, end: float | None) -> bytes:
    pieces = bytearray()
    while len(pieces) < count:
        if end is not None:
            connection.settimeout(max(0.001, end - time.monotonic()))
        piece = connection.recv(min(1 << 20, count - len(pieces)))
        if not piece:
            return b""
        pieces += piece
    return bytes(pieces)
