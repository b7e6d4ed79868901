"""The physical floor: the rows encoded as fast as Python can, joined to batches, written to one bare socket.

No check, no report, no retry, no limit: a sender can come near it and not below. `python -m benchmarks.floor PORT N`
"""

from __future__ import annotations

import socket
import sys

import orjson

from benchmarks.rows import rows
from benchmarks.stopwatch import Stopwatch

_BATCH_BYTES = 490_000


def send(connection: socket.socket, bodies: list[bytes]) -> None:
    """Write one batch and wait for its answer."""
    body = b'{"batch":[' + b",".join(bodies) + b"]}"
    connection.sendall(
        b"POST /v1/batch HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Basic YTo=\r\n"
        b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
    )
    answer = b""
    while not answer.endswith(b"{}"):
        answer += connection.recv(65_536)


def main(port: int, count: int) -> None:
    """Send `count` rows and tell what it cost."""
    encode = orjson.dumps
    with socket.create_connection(("127.0.0.1", port)) as connection, Stopwatch(count) as watch:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        bodies: list[bytes] = []
        size = 0
        for row in rows(count, with_id=True):
            body = encode(row)
            if size + len(body) > _BATCH_BYTES:
                send(connection, bodies)
                bodies, size = [], 0
            bodies.append(body)
            size += len(body) + 1
        send(connection, bodies)
    watch.tell()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
