"""`client.batch` with the same rows, all defaults: checks, sizes, limiter, strict mode and the report included.

`python -m benchmarks.ours PORT N named|nameless`: with `messageId` in the rows, as the floor has it, or minting each.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import cast

from benchmarks.rows import KEY, rows
from benchmarks.stopwatch import Stopwatch
from ciokit import CustomerIOClient
from ciokit.pipelines_api.messages import Message


def main(port: int, count: int, *, with_id: bool) -> None:
    """Send `count` rows and tell what it cost."""
    with CustomerIOClient(KEY, base_url=f"http://127.0.0.1:{port}") as client:
        client.track("warm-up", "Opened")  # loads the HTTP library and opens the connection, as the floor's is open
        messages = cast("Iterable[Message]", rows(count, with_id=with_id))
        with Stopwatch(count) as watch:
            report = client.batch(messages)
    assert report.accepted == count
    watch.tell()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), with_id=sys.argv[3] == "named")
