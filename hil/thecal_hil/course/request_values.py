"""Values for the fields of any request, drawn by its layout alone: for kinds of which a campaign knows nothing better.

Promises: whatever kinds there are, a request of each can be made; the same generator gives the same values.
"""

from __future__ import annotations

import struct
from random import Random
from typing import Any

from thecal_fw.link.messages import Message


def any_values(message: Message, chance: Random) -> tuple[Any, ...]:
    """Return whatever bytes can say in the fields of a request."""
    layout = message.request
    return struct.unpack(layout.format, chance.randbytes(layout.size))
