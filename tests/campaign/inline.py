"""Workers without processes, which keep account of what they were given."""

from collections.abc import Iterator, Sequence

from thecal_hil.campaigns.weeks.workers import Batch, Do, Done


class InlineWorkers:
    """Does batches in the test itself, the last one first if ``backward``."""

    name = "inline"

    def __init__(self, backward: bool = False) -> None:
        self.given: list[int] = []
        self._backward = backward

    def all_done(self, batches: Sequence[Batch], do: Do) -> Iterator[Done]:
        for batch in reversed(batches) if self._backward else batches:
            self.given.append(batch.number)
            yield do(batch)

    def close(self) -> None:
        pass
