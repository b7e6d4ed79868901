"""Wall and CPU time of a block, and its result as one line of JSON: how a measuring process answers."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Self


@dataclass(frozen=True)
class Measure:
    """What `count` units cost: seconds on the wall, and seconds of CPU in all threads of the process."""

    count: int
    wall: float
    cpu: float

    @property
    def rate(self) -> float:
        """Units per second."""
        return self.count / self.wall

    @property
    def cost(self) -> float:
        """Microseconds of CPU a unit."""
        return self.cpu / self.count * 1e6

    @classmethod
    def read(cls, line: str) -> Measure:
        """Read what `Stopwatch.tell` printed."""
        return cls(**json.loads(line))


class Stopwatch:
    """Measures its `with` block, which does `count` units of work."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.measure = Measure(count, 0.0, 0.0)

    def __enter__(self) -> Self:
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
        self.measure = Measure(self.count, wall, cpu)

    def tell(self) -> None:
        """Print the measure for the process that asked."""
        print(json.dumps(asdict(self.measure)), flush=True)
