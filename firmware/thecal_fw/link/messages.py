"""Messages: every request a host can make, every answer and every error, declared once.

What a layout is, ``layouts`` says; the codes of errors are in ``error_codes`` and are here too. Requests
and responses share the message's kind; a response has ``RESPONSE`` set in it. ``schema_hash`` covers all of this, so
two ends that differ in any layout know it from their hello.

Times: ``*_s`` seconds, ``*_us`` microseconds. ``boot`` is time since the pump's reset, ``utc`` is Unix time.
Volumes are nanolitres, rates nanolitres a day, ``steps`` are microsteps of the motor. ``is_stored`` is 0 if what was
carried out could not be written to the journal: a power cut undoes it until the pump has been able to.
"""

import hashlib

from thecal_fw.core.alarms import ALARM_NAMES
from thecal_fw.core.bolus import KIND_NAMES, KIND_PATIENT
from thecal_fw.core.bolus_history import REFUSAL_NAMES
from thecal_fw.core.events import EVENT_FIELDS, EVENT_NAMES, RESET_NAMES
from thecal_fw.core.modes import MODE_NAMES
from thecal_fw.core.program_fault import FIELD_NAMES
from thecal_fw.core.pump_state import STATE_NAMES
from thecal_fw.core.roles import ACCESS_NAMES, ROLE_NAMES, ROLE_PATIENT
from thecal_fw.core.self_test import TEST_NAMES
from thecal_fw.core.service_life import PART_NAMES
from thecal_fw.core.wall_clock import TIME_SOURCE_NAMES
from thecal_fw.link.access_messages import (  # noqa: F401 - all messages are available from here
    ACCESS_MESSAGES,
    AUTHENTICATE,
    CHALLENGE,
    PAIR,
    SIGN_OFF,
    TAGGED,
)
from thecal_fw.link.error_codes import (  # noqa: F401 - a message and its errors go together
    ERROR_ALREADY_DELIVERING,
    ERROR_BLOCKED,
    ERROR_BOLUS_REFUSED,
    ERROR_BUTTON,
    ERROR_DIGEST,
    ERROR_IN_PROGRESS,
    ERROR_MALFORMED,
    ERROR_NAMES,
    ERROR_NO_KEY,
    ERROR_NO_MEMORY,
    ERROR_NO_PROGRAM,
    ERROR_NO_SESSION,
    ERROR_NONE,
    ERROR_NOT_A_PROGRAM,
    ERROR_NOT_ALLOWED,
    ERROR_NOT_AUTHENTICATED,
    ERROR_NOT_CHECKED,
    ERROR_NOT_RUNNING,
    ERROR_NOT_STORED,
    ERROR_NOT_WHILE_DELIVERING,
    ERROR_NOTHING_STAGED,
    ERROR_OUT_OF_ORDER,
    ERROR_PROGRAM_FAULTS,
    ERROR_RANGE,
    ERROR_STAGING_INCOMPLETE,
    ERROR_STAGING_OFFSET,
    ERROR_STAGING_SIZE,
    ERROR_STALE_SESSION,
    ERROR_TOO_LARGE,
    ERROR_UNKNOWN_MESSAGE,
    ERROR_VERSION,
    ERROR_WAIT,
    ERROR_WRONG_KEY,
)
from thecal_fw.link.layouts import (
    STORES_AFTER,
    STORES_ITSELF,
    STORES_NOTHING,
    TAIL,
    Layout,
    Message,
)
from thecal_fw.version import SCHEMA_HASH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

RESPONSE = 0x80
KIND_ERROR = 0xFF

HELLO = Message(
    "hello",
    0x01,
    False,
    60_000,
    [("schema_hash", "8s"), ("host_nonce", "I")],
    [
        ("schema_hash", "8s"),
        ("session", "H"),
        ("version", "16s"),
        ("commit", "16s"),
        ("board", "24s"),
        ("serial", "16s"),
        ("boot_s", "I"),
        ("boot_us", "I"),
    ],
    "Open a session. Every other request names the session; a newer hello ends the older session.",
)
INTERROGATE = Message(
    "interrogate",
    0x02,
    False,
    60_000,
    [],
    [
        ("boot_s", "I"),
        ("boot_us", "I"),
        ("utc_s", "I"),
        ("utc_us", "I"),
        ("time_source", "B"),
        ("offset_minutes", "h"),
        ("state", "B"),
        ("mode", "B"),
        ("has_program", "B"),
        ("program_digest", "32s"),
        ("change_pending", "B"),
        ("rate_nl_per_day", "I"),
        ("concentration_ng_per_ml", "I"),
        ("drug", "16s"),
        ("calibration_id", "I"),
        ("nl_per_rev", "I"),
        ("microsteps_per_rev", "I"),
        ("planned_steps", "I"),
        ("counted_steps", "I"),
        ("unseen_steps", "I"),
        ("steps_since_refill", "I"),
        ("fill_nl", "I"),
        ("fill_known", "B"),
        ("residual_nl", "I"),
        ("low_reservoir_nl", "I"),
        ("steps_to_low_reservoir", "I"),
        ("active_alarms", "8s"),
        ("silenced_alarms", "8s"),
        ("latest_event", "I"),
        ("reset_cause", "B"),
        ("frames_garbled", "I"),
        ("frames_overlong", "I"),
        ("replies_dropped", "I"),
        ("queued_ms", "I"),
        ("worst_poll_us", "I"),
        ("heap_free_bytes", "I"),
        ("boots", "I"),
        ("lifetime_steps", "Q"),
        ("granted_steps", "I"),
        ("quantum_steps", "I"),
        ("uncertain_steps", "I"),
        ("lost_steps", "I"),
        ("failed_tests", "B"),
        ("journal_condition", "B"),
        ("refilled_day", "H"),
        ("stalls", "B"),
        ("take_over_us", "I"),
        ("prepare_us", "I"),
        ("collect_us", "I"),
        ("write_us", "I"),
        ("least_margin_us", "I"),
        ("least_masked_us", "I"),
        ("passed_over", "H"),
        ("passed_reason", "B"),
    ],
    "Everything about the pump's state at one instant.",
)
READ_PROGRAM = Message(
    "read_program",
    0x03,
    False,
    60_000,
    [("staged", "B"), ("offset", "H")],
    [("total_bytes", "H"), TAIL],
    "Bytes of the running (or the staged) program from an offset on.",
)
STAGE_BEGIN = Message(
    "stage_begin",
    0x10,
    True,
    60_000,
    [("total_bytes", "H")],
    [],
    "Begin to stage a program of so many bytes; what was staged before is forgotten.",
    stores=STORES_NOTHING,
)
STAGE_DATA = Message(
    "stage_data",
    0x11,
    True,
    80_000,
    [("offset", "H"), TAIL],
    [("received_bytes", "H")],
    "The next bytes of the staged program.",
    stores=STORES_NOTHING,
)
STAGE_CHECK = Message(
    "stage_check",
    0x12,
    False,
    120_000,
    [("first_fault", "H")],
    [("digest", "32s"), ("fault_count", "H"), TAIL],
    "Digest of what is staged and its faults from the given one on (tail: FAULT layouts).",
)
COMMIT = Message(
    "commit",
    0x13,
    True,
    140_000,
    [("digest", "32s")],
    [("effective_boot_s", "I"), ("effective_boot_us", "I")],
    "Make the staged program the running one. While delivering it takes effect on a whole second.",
    stores=STORES_AFTER,
)
START = Message(
    "start",
    0x14,
    True,
    80_000,
    [("digest", "32s")],
    [("effective_boot_s", "I"), ("effective_boot_us", "I"), ("is_stored", "B")],
    "Begin to deliver the program of this digest, on the next whole second of the pump's clock.",
)
STOP = Message(
    "stop",
    0x15,
    True,
    60_000,
    [],
    [("effective_boot_s", "I"), ("effective_boot_us", "I"), ("counted_steps", "I"), ("is_stored", "B")],
    "Stop delivery at once. The instant is the tick at which the step generator was held.",
    stores=STORES_AFTER,
)
REFILL = Message(
    "refill",
    0x16,
    True,
    60_000,
    [("fill_nl", "I")],
    [("expected_residual_nl", "I"), ("fill_known_before", "B"), ("is_stored", "B")],
    "The reservoir now holds this volume; answers what it was expected to hold before.",
)
GET_TIME = Message(
    "get_time",
    0x17,
    False,
    60_000,
    [],
    [
        ("boot_s", "I"),
        ("boot_us", "I"),
        ("utc_s", "I"),
        ("utc_us", "I"),
        ("time_source", "B"),
        ("offset_minutes", "h"),
    ],
    "The pump's clock, its offset from UTC and where the time came from.",
)
SET_TIME = Message(
    "set_time",
    0x18,
    True,
    120_000,
    [("utc_s", "I"), ("utc_us", "I"), ("offset_minutes", "h")],
    [
        ("was_utc_s", "I"),
        ("was_utc_us", "I"),
        ("effective_boot_s", "I"),
        ("effective_boot_us", "I"),
        ("is_stored", "B"),
    ],
    "Set the clock and local time's offset from UTC. The schedule follows from the effective instant.",
)
ACKNOWLEDGE = Message(
    "acknowledge",
    0x19,
    True,
    60_000,
    [("alarms", "8s")],
    [("active_alarms", "8s"), ("silenced_alarms", "8s"), ("is_stored", "B")],
    "Acknowledge a set of alarms: they fall silent for a while, and latched ones whose cause is gone clear.",
    stores=STORES_AFTER,
)
READ_LOG = Message(
    "read_log",
    0x1A,
    False,
    60_000,
    [("first_sequence", "I")],
    [("oldest_sequence", "I"), ("latest_sequence", "I"), ("next_sequence", "I"), TAIL],
    "Event records from a sequence number on, as many as fit (tail: EVENT layouts). Read on from the next sequence.",
    stores=STORES_ITSELF,
)
CHECK_BOLUS = Message(
    "check_bolus",
    0x22,
    False,
    120_000,
    [("bolus_kind", "B"), ("bolus_rate_nl_per_day", "I"), ("bolus_seconds", "I")],
    [
        ("bolus_refusal", "B"),
        ("bolus_rate_nl_per_day", "I"),
        ("bolus_seconds", "I"),
        ("bolus_nl", "I"),
        ("patient_wait_s", "I"),
    ],
    "Whether a bolus would be given now, and which; nothing changes. Of a patient's, rate and time are the program's.",
)
GIVE_BOLUS = Message(
    "give_bolus",
    0x23,
    True,
    120_000,
    [("digest", "32s"), ("bolus_kind", "B"), ("bolus_rate_nl_per_day", "I"), ("bolus_seconds", "I")],
    [("effective_boot_s", "I"), ("effective_boot_us", "I"), ("bolus_nl", "I")],
    "Give a bolus beside the program of this digest, from the next whole second of the pump's clock on.",
    lesser=("bolus_kind", KIND_PATIENT, ROLE_PATIENT),
    stores=STORES_ITSELF,
)
CANCEL_BOLUS = Message(
    "cancel_bolus",
    0x24,
    True,
    60_000,
    [("is_temporary_rate", "B")],
    [("effective_boot_s", "I"), ("effective_boot_us", "I"), ("is_stored", "B")],
    "End the bolus on demand that is under way, or the temporary rate. What the program gives continues.",
    stores=STORES_AFTER,
)
BOLUSES = Message(
    "boluses",
    0x25,
    False,
    60_000,
    [],
    [
        ("under_way", "B"),
        ("bolus_kind", "B"),
        ("bolus_rate_nl_per_day", "I"),
        ("bolus_seconds", "I"),
        ("bolus_given_nl", "I"),
        ("bolus_nl", "I"),
        ("on_demand_in_24_h", "B"),
        ("patient_in_24_h", "B"),
        ("patient_wait_s", "I"),
        ("is_history_known", "B"),
        ("temporary_rate_nl_per_day", "I"),
        ("temporary_left_s", "I"),
        ("bridge_left_s", "I"),
        ("metered_hour_nl", "I"),
        ("metered_day_nl", "I"),
        ("held_by_meter", "H"),
        ("line_room_nl", "I"),
        ("primes", "B"),
        ("primed_nl", "I"),
    ],
    "The bolus under way if there is one, what was given on demand in the last 24 hours, a temporary rate, a bridge.",
)
DATES = Message(
    "dates",
    0x26,
    False,
    80_000,
    [],
    [
        ("is_known", "B"),
        ("residual_nl", "I"),
        ("least_residual_nl", "I"),
        ("minutes_to_low", "I"),
        ("minutes_to_low_at_worst", "I"),
        ("minutes_to_empty", "I"),
        ("alarm_protects", "B"),
        ("accuracy_permille", "H"),
        ("stability_days", "H"),
    ],
    "How long the reservoir lasts from now on, if the program is delivered and every allotted bolus is asked for.",
)
SERVICE_LIFE = Message(
    "service_life",
    0x27,
    False,
    80_000,
    [],
    [
        ("pump_days", "I"),
        ("tubing_days", "I"),
        ("tubing_revolutions", "I"),
        ("minutes_to_tubing_due", "I"),
        ("minutes_to_replacement_due", "I"),
        ("minutes_to_end_of_service", "I"),
    ],
    "What is used up of the tubing's and the pump's life, and when the rest will be at the earliest.",
)
RENEW_PART = Message(
    "renew_part",
    0x28,
    True,
    60_000,
    [("part", "B")],
    [("is_stored", "B")],
    "A part is new from now on: the tubing, or the whole pump with it; or the line was rinsed.",
)
LAST_DOSE = Message(
    "last_dose",
    0x2D,
    False,
    60_000,
    [],
    [
        ("program", "I"),
        ("nl_per_day", "I"),
        ("most_nl_in_day", "I"),
        ("concentration_ng_per_ml", "I"),
        ("begun_ago_s", "I"),
        ("ended_ago_s", "I"),
    ],
    "The daily dose last delivered, also where its program is gone; a concentration of 0 before the first.",
)
CHECK_TONE = Message(
    "check_tone",
    0x29,
    True,
    60_000,
    [("priority", "B")],
    [("sounds", "B")],
    "Sound the tones of alarms of a priority once, so that a person knows them; not while others sound.",
    role=ROLE_PATIENT,
    stores=STORES_NOTHING,
)
BOOTLOADER = Message(
    "bootloader",
    0x20,
    True,
    60_000,
    [],
    [],
    "Disable the motor driver and restart into the USB bootloader. Refused while delivering.",
    stores=STORES_AFTER,
)
PROMPT = Message(
    "prompt",
    0x21,
    True,
    60_000,
    [],
    [],
    "Disable the motor driver and leave to the MicroPython prompt for maintenance. Refused while delivering.",
    stores=STORES_AFTER,
)

MESSAGES = (
    HELLO,
    INTERROGATE,
    READ_PROGRAM,
    STAGE_BEGIN,
    STAGE_DATA,
    STAGE_CHECK,
    COMMIT,
    START,
    STOP,
    REFILL,
    GET_TIME,
    SET_TIME,
    ACKNOWLEDGE,
    READ_LOG,
    CHECK_BOLUS,
    GIVE_BOLUS,
    CANCEL_BOLUS,
    BOLUSES,
    DATES,
    SERVICE_LIFE,
    RENEW_PART,
    LAST_DOSE,
    CHECK_TONE,
    BOOTLOADER,
    PROMPT,
) + ACCESS_MESSAGES
BY_KIND = {message.kind: message for message in MESSAGES}

FAULT = Layout(
    [("field", "B"), ("pattern", "h"), ("step", "h"), ("value", "q"), ("least", "q"), ("most", "q")]
)
EVENT = Layout(EVENT_FIELDS)

ERROR = Layout([("kind", "B"), ("code", "B"), ("detail", "I"), TAIL])


def schema_lines() -> "Iterator[str]":
    """Yield the canonical text of every layout and of every numbered name, a line at a time; the schema hash is taken
    over it."""
    for message in MESSAGES:
        yield "%d %s %d %d" % (message.kind, message.name, message.changes, message.role)
        if message.lesser is not None:
            yield "%s %d %d" % message.lesser
        for layout in (message.request, message.response):
            yield "%s %s %d" % (layout.format, ",".join(layout.names), layout.has_tail)
    for name, layout in (("fault", FAULT), ("event", EVENT), ("error", ERROR)):
        yield "%s %s %s" % (name, layout.format, ",".join(layout.names))
    for names in (
        ERROR_NAMES,
        EVENT_NAMES,
        RESET_NAMES,
        ALARM_NAMES,
        FIELD_NAMES,
        MODE_NAMES,
        STATE_NAMES,
        TIME_SOURCE_NAMES,
        TEST_NAMES,
        KIND_NAMES,
        REFUSAL_NAMES,
        ROLE_NAMES,
        ACCESS_NAMES,
        PART_NAMES,
    ):
        yield ",".join(names)


def schema_hash() -> bytes:
    """Return the first eight bytes of the SHA-256 of the schema. All of its text at once is more than a heap that has
    been in use may hold in one piece."""
    if SCHEMA_HASH:
        return SCHEMA_HASH
    digest = hashlib.sha256()
    for line in schema_lines():
        digest.update(line.encode())
        digest.update(b"\n")
    return digest.digest()[:8]
