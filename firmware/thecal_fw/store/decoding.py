"""The way from a record to a state: one decoder for each layout that there ever was."""

from thecal_fw.store.state import LAYOUT_VERSION, State, decode_present

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from thecal_fw.core.octets import Octets

    Decoders = Mapping[int, Callable[[Octets], State]]


def _decode_older(record: "Octets") -> State:
    # Needed once after an update, if ever.
    from thecal_fw.store.older_state import decode_into

    state = State()
    decode_into(state, record)
    return state


DECODERS: "Decoders" = {
    1: _decode_older,
    2: _decode_older,
    3: _decode_older,
    4: _decode_older,
    LAYOUT_VERSION: decode_present,
}
"""Layout version -> what makes a ``State`` of a record of that layout."""


def decode(record: "Octets", decoders: "Decoders" = DECODERS) -> "State | None":
    """Return the state in an undamaged record; None if its layout is not known here."""
    decoder = decoders.get(record[1])
    return decoder(record) if decoder else None
