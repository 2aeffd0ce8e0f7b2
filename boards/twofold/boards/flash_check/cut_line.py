"""A connection that breaks in the middle, as when a cable is pulled."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

_CHUNK = 4096
_SECONDS = 60


@contextmanager
def cut_line(port: int, limit: int) -> Iterator[int]:
    """A port of loopback that leads to `port`, for one connection; it breaks after `limit` bytes to there."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(_SECONDS)
        thread = Thread(target=_serve, args=(listener, port, limit))
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def _serve(listener: socket.socket, port: int, limit: int) -> None:
    client, _ = listener.accept()
    with client, socket.create_connection(("127.0.0.1", port)) as server:
        answers = Thread(target=_carry, args=(server, client, None))
        answers.start()
        _carry(client, server, limit)
        for end in (client, server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        answers.join()


def _carry(source: socket.socket, target: socket.socket, limit: int | None) -> None:
    """Until an end closes, or `limit` bytes are carried."""
    carried = 0
    with suppress(OSError):
        while content := source.recv(_CHUNK if limit is None else min(_CHUNK, limit - carried)):
            target.sendall(content)
            carried += len(content)
