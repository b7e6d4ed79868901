"""The vendor's own Pipelines client with the same rows, in the settings that suit it best.

The queue takes all rows, uploads are as large as it makes them, and the time ends when its `flush` says that all is
sent. `python -m benchmarks.peer PORT N`
"""

from __future__ import annotations

import sys

from customerio.analytics.client import Client

from benchmarks.rows import KEY, rows
from benchmarks.stopwatch import Stopwatch

_UPLOAD_ROWS = 500


def main(port: int, count: int) -> None:
    """Send `count` rows and tell what it cost."""
    failures: list[Exception] = []
    client = Client(
        KEY,
        host=f"http://127.0.0.1:{port}",
        max_queue_size=count,
        upload_size=_UPLOAD_ROWS,
        on_error=lambda error, _: failures.append(error),
    )
    with Stopwatch(count) as watch:
        for row in rows(count, with_id=False):
            client.track(row["userId"], row["event"], row["properties"])
        client.flush()
    assert not failures
    watch.tell()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
