"""A line on loopback that can be cut: one port in front of one server or several."""

from __future__ import annotations

import contextlib
import itertools
import selectors
import socket
import threading
from types import TracebackType


class Line:
    """Each connection to `port` goes to the next of `ports` that is there; cut, nothing passes any more."""

    def __init__(self, *ports: int) -> None:
        self.ports, self.turn = ports, itertools.count()
        self.ends: set[socket.socket] = set()
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.door.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Line:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()

    def cut(self) -> None:
        for end in [self.door, *self.ends]:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self.door.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._carry, args=[self.door.accept()[0]], daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError), self._reach() as server:
            self.ends |= {client, server}
            try:
                relay(client, server)
            finally:
                self.ends -= {client, server}

    def _reach(self) -> socket.socket:
        first = next(self.turn)
        for number in range(len(self.ports)):
            with contextlib.suppress(OSError):
                return socket.create_connection(("127.0.0.1", self.ports[(first + number) % len(self.ports)]))
        raise ConnectionRefusedError


def relay(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways until either side closes."""
    ways = {one: other, other: one}
    with selectors.DefaultSelector() as waiting:
        for end in ways:
            waiting.register(end, selectors.EVENT_READ)
        while True:
            for key, _events in waiting.select():
                source: socket.socket = key.fileobj  # type: ignore[assignment]
                data = source.recv(65536)
                if not data:
                    return
                ways[source].sendall(data)
