"""Messages about keys: pairing, the two steps in which a host proves that it has one, and the end of that.

A request that proves itself has ``TAGGED`` set in its kind, and its tag behind its payload. The pump never has to guess
whether a tag is there, so no state of its keys changes how bytes are read.
"""

from thecal_fw.core.roles import ROLE_NONE, ROLE_PATIENT
from thecal_fw.link.layouts import STORES_ITSELF, STORES_NOTHING, Message

TAGGED = 0x40

CHALLENGE = Message(
    "challenge",
    0x30,
    False,
    60_000,
    [("role", "B")],
    [("access", "B"), ("roles", "B"), ("wait_s", "H"), ("pump_nonce", "16s")],
    "What a session with this role's key has to be made from; the same for as long as nobody has tried it.",
)
AUTHENTICATE = Message(
    "authenticate",
    0x31,
    True,
    60_000,
    [("role", "B"), ("host_nonce", "16s"), ("host_proof", "16s")],
    [("pump_proof", "16s")],
    "Prove to have a role's key; from here on this session's requests may carry their tags.",
    ROLE_NONE,
    stores=STORES_NOTHING,
)
PAIR = Message(
    "pair",
    0x32,
    True,
    60_000,
    [("role", "B"), ("key", "32s")],
    [],
    "Take this key for a role, in place of the one it had. Only while the button on the board is held.",
    ROLE_NONE,
    stores=STORES_ITSELF,
)
SIGN_OFF = Message(
    "sign_off",
    0x33,
    True,
    60_000,
    [],
    [],
    "End what this session has proved: no tag of it is worth anything any more.",
    ROLE_PATIENT,
    stores=STORES_NOTHING,
)

ACCESS_MESSAGES = (CHALLENGE, AUTHENTICATE, PAIR, SIGN_OFF)
