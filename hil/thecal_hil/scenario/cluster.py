"""Many scenarios on the workers of a Dask cluster, which have this package and the same images.

Promises: each scenario is done once, or by another worker where its own was lost on the way; records come as they are
done, and are the same as those of processes of this machine. A file of one's own has to lie at the same place on every
worker. Workers write no results: whoever asked keeps them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from thecal_hil.contract.rig import RigUnavailableError
from thecal_hil.scenario.record import ScenarioRecord

_WAIT_S = 20
_TRIES = 3
"""Workers that a scenario may lose before it is taken to be what ends them."""


def done_on_cluster(
    address: str, do: Callable[..., ScenarioRecord], work: Sequence[tuple[Any, ...]]
) -> Iterator[ScenarioRecord]:
    """Yield what ``do`` makes of each piece of work. Raise RigUnavailableError where there is no cluster."""
    # Imported late: it takes a second, and most runs do without.
    from distributed import Client, as_completed

    try:
        client = Client(address, set_as_default=False, timeout=_WAIT_S)
    except (OSError, ValueError, TimeoutError) as error:
        raise RigUnavailableError(f"there is no Dask scheduler at {address}: {error}") from error
    try:
        # pure=False: what was asked for before is to be run again.
        futures = [client.submit(do, *piece, pure=False, retries=_TRIES) for piece in work]
        for future in as_completed(futures, loop=client.loop):
            yield future.result()
            future.release()
    finally:
        client.close()
