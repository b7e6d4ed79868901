"""A wire between a client and a server that can be cut, and can lose answers.

It runs as a process of its own: delta-rs reads tables without letting go of the interpreter.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from contextlib import suppress
from typing import Self


class CutWire:
    """Passes TCP connections on to a server on this machine until it is cut."""

    def __init__(self, port: int) -> None:
        command = [sys.executable, "-m", "tests.support.cut_wire", str(port)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self._answer())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def cut(self) -> None:
        """Close every connection, and each that comes."""
        self._tell("cut")

    def mend(self) -> None:
        """Pass on again."""
        self._tell("mend")

    def lose_answer_to(self, request: str) -> None:
        """Let the next request that holds this text reach the server, and nobody hear the answer."""
        self._tell("lose", request)

    @property
    def lost(self) -> int:
        """How many answers were lost."""
        return int(self._tell("lost").split()[0])

    @property
    def asked(self) -> int:
        """How many requests were there to read something."""
        return int(self._tell("asked").split()[1])

    def _tell(self, *words: str) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{' '.join(words)}\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


class _Wire:
    """Passes TCP connections on to a server on this machine until it is cut."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._whole = threading.Event()
        self._whole.set()
        self._lose: bytes | None = None
        self.lost = 0
        self.asked = 0
        self._ends: list[socket.socket] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self) -> None:
        """Close every connection, and each that comes."""
        self._whole.clear()
        for end in self._ends:
            _shut(end)
        self._ends.clear()

    def mend(self) -> None:
        """Pass on again."""
        self._whole.set()

    def lose_answer_to(self, request: bytes) -> None:
        """Let the next request that holds these bytes reach the server, and nobody hear the answer."""
        self._lose = request

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            if not self._whole.is_set():
                client.close()
                continue
            with suppress(OSError):
                server = socket.create_connection(self._target)
                self._ends += [client, server]
                deaf = threading.Event()
                threading.Thread(target=self._pump, args=(client, server, deaf, True), daemon=True).start()
                threading.Thread(target=self._pump, args=(server, client, deaf, False), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, deaf: threading.Event, asking: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self.asked += asking and data.startswith((b"GET ", b"HEAD "))
                if asking and self._lose is not None and self._lose in data:
                    self._lose = None
                    deaf.set()
                elif not asking and deaf.is_set():
                    self.lost += 1
                    break
                sink.sendall(data)
        _shut(source)
        _shut(sink)


def _shut(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


def _say(*numbers: int) -> None:
    sys.stdout.write(f"{' '.join(map(str, numbers))}\n")
    sys.stdout.flush()


def _main() -> None:
    wire = _Wire(int(sys.argv[1]))
    _say(wire.port)
    for line in sys.stdin:
        word, _, rest = line.rstrip("\n").partition(" ")
        match word:
            case "cut":
                wire.cut()
            case "mend":
                wire.mend()
            case "lose":
                wire.lose_answer_to(rest.encode())
        _say(wire.lost, wire.asked)


if __name__ == "__main__":
    _main()
