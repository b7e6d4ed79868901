"""`python -m ciokit.cli.attached ARGUMENTS`: runs as `ciokit ARGUMENTS`, and ends when standard input does.

`ciokit.cli.beside` holds the other end of that pipe: when it is gone, however it went, this ends as on SIGTERM.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from ciokit.cli import main

_YIELDING = 5  # answering comes first: whoever waits for an answer gives up after seconds, what is done here can wait


def _end_with_parent() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    os.nice(_YIELDING)
    threading.Thread(target=_end_with_parent, name="ciokit-parent", daemon=True).start()
    sys.exit(main(sys.argv[1:]))
