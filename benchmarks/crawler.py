"""Reads everybody in a workspace into a file, and goes on where an earlier run was stopped, be it by kill -9.

`python -m benchmarks.crawler URL FOLDER PAGE [REQUESTS SECONDS]`: `PAGE` people a page, at most `REQUESTS` in `SECONDS`
instead of the documented pace. In FOLDER, `people.jsonl` is what was read, and `state.json` how much of it counts and
where to go on: it is replaced after each page, so rows that it does not know of are cut off and read again.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.rows import KEY
from benchmarks.stopwatch import Stopwatch
from ciokit import AppClient, attribute, values
from ciokit.core.connection import Attempt
from ciokit.settings import Limits, Rate

EVERYBODY = attribute("cio_id")


def crawl(app: AppClient, folder: Path, page_size: int) -> None:
    """Read on, from the beginning or from where the last run came to."""
    kept = folder / "state.json"
    state: dict[str, Any] = json.loads(kept.read_bytes()) if kept.exists() else {"size": 0, "next": "", "repeated": 0}
    with (folder / "people.jsonl").open("ab") as file:
        file.truncate(state["size"])
        if state["next"] is None:
            return
        for page in app.customers.find.pages(EVERYBODY, start=state["next"] or None, limit=page_size):
            file.write(b"".join(values.encode(row) + b"\n" for row in page.rows))
            file.flush()
            os.fsync(file.fileno())
            repeated = state["repeated"] + page.repeated
            state = {"size": file.tell(), "next": page.next, "repeated": repeated}
            part = kept.with_name("state.part")
            part.write_text(json.dumps(state), encoding="ascii")
            part.replace(kept)


def main(url: str, folder: Path, page_size: int, pace: Rate | None) -> None:
    """Crawl, and tell how many requests it took, failed ones included."""
    attempts: list[Attempt] = []
    limits = Limits(rates={"app": pace}) if pace else Limits()
    with AppClient(KEY, base_url=url, limits=limits, hooks=[attempts.append]) as app:
        app.segments.find()  # loads the HTTP library; what it takes of the pace counts
        with Stopwatch(0) as watch:
            crawl(app, folder, page_size)
    print(json.dumps({**asdict(watch.measure), "count": len(attempts)}), flush=True)


if __name__ == "__main__":
    PACE = Rate(int(sys.argv[4]), float(sys.argv[5])) if len(sys.argv) > 4 else None
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), PACE)
