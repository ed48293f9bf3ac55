"""Asks for a stop at each line in turn that local workers and the pool below them run in the main thread.

Prints how many lines were tried. It is a process of its own, since workers that don't stop never end.
"""

import signal
import sys
from itertools import count
from types import FrameType
from typing import Any

from thecal_hil.campaigns.weeks import workers
from thecal_hil.campaigns.weeks.workers import Batch, Done, LocalWorkers

BATCHES = [Batch(number, range(1), 1) for number in range(5)]
LOOKED_INTO = ("concurrent.futures", "multiprocessing", "queue", "threading", workers.__name__)


def nothing_done(batch: Batch) -> Done:
    return Done(batch.number, (), "", 0.0)


def interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


class AskedAt:
    """Asks for a stop at the given line, counted from the first."""

    def __init__(self, line: int) -> None:
        self.left = line

    def __call__(self, frame: FrameType, event: str, argument: object) -> Any:
        if not frame.f_globals.get("__name__", "").startswith(LOOKED_INTO):
            return None
        if event == "line" and self.left:
            self.left -= 1
            if not self.left:
                signal.raise_signal(signal.SIGTERM)
        return self


def main() -> None:
    signal.signal(signal.SIGTERM, interrupt)
    local = LocalWorkers(2)
    list(local.all_done(BATCHES[:1], nothing_done))
    tried = 0
    for line in count(1):
        asked, is_stopped = AskedAt(line), False
        numbers: list[int] = []
        sys.settrace(asked)
        try:
            for done in local.all_done(BATCHES, nothing_done):
                numbers.append(done.number)
        except KeyboardInterrupt:
            is_stopped = True
        finally:
            sys.settrace(None)
        assert len(numbers) == len(set(numbers))
        if asked.left:
            assert sorted(numbers) == [batch.number for batch in BATCHES]
            break
        assert is_stopped
        tried = line
    local.close()
    print(tried)


if __name__ == "__main__":
    main()
