"""The keys of the pump's roles in flash: two sectors of their own behind the journal, each with all of them.

Promises: whatever instant the power fails at, the keys are the ones before or the new ones. A pump that has ever been
given a key is never open again: where keys were and none can be read, nobody's requests are taken, until somebody at
the pump pairs anew. The first sector is written and read back before the second is touched, so what a cut leaves
half-written always has a whole one beside it. A key that was replaced never comes back: where the second sector keeps
the keys before, the first is given them again and the new key is refused.
"""

import binascii
import struct

from thecal_fw.core.flash_map import KEY_SECTORS
from thecal_fw.core.roles import DAMAGED, KEYED, OPEN, ROLE_CLINICIAN, ROLE_NAMES, ROLE_PATIENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.store.flash_chip import FlashChip

_FORMAT = "<HBBI32s32sI"
RECORD_BYTES = struct.calcsize(_FORMAT)
_CRC_OFFSET = RECORD_BYTES - 4
_MAGIC = 0x594B
_LAYOUT_VERSION = 1
_NO_KEY = bytes(32)
_WRITE_TRIES = 2


class KeyStore:
    """access: OPEN (no key was ever given), KEYED, or DAMAGED (there were some, and none can be read).
    roles: bits of the roles that have a key.
    is_single: whether the keys stand in one place only, since the other one does not take them."""

    def __init__(self, flash: "FlashChip", first_sector: int) -> None:
        self.access = OPEN
        self.roles = 0
        self.is_single = False
        self._flash = flash
        self._first_sector = first_sector
        self._keys = [_NO_KEY] * len(ROLE_NAMES)
        self._generation = 0

    def open(self, is_new_pump: bool, may_write: bool) -> None:
        """Find out what is there, and put a pair right that a power cut has left unequal; once, before anything else.

        is_new_pump: the journal was never used, so what stands in these sectors is of something else. may_write: the
        supply is good; otherwise what is unequal stays so until a later start.
        """
        records = [self._read(sector) for sector in range(KEY_SECTORS)]
        found = [record for record in records if _is_whole(record)]
        if found:
            newest = max(found, key=_generation_of)
            self._adopt(newest)
            if records[0] != records[1] and may_write:
                self._adopt(self._make_equal(newest, records))
        elif any(not _is_blank(record) for record in records):
            if is_new_pump:
                for sector in range(KEY_SECTORS if may_write else 0):
                    self._flash.erase(self._first_sector + sector)
            else:
                self.access = DAMAGED

    def _make_equal(self, newest: bytes, records: "list[bytes]") -> bytes:
        """Write the newest keys wherever they are not, and where a cut may have left them doubtful. Return the keys in
        force then.

        As long as the second sector has whole keys, a cut can only have come while the first was written. So that one
        is written anew before the second is touched, though it reads right today.
        """
        if _is_whole(records[1]) and not self._write(0, newest):
            self.is_single = True
            return self._read(1) if records[1] != newest else newest
        return newest if records[1] == newest else self._write_second(newest)

    def _write_second(self, record: bytes) -> bytes:
        """Write to the second sector what stands in the first; the keys that are in force then."""
        for _ in range(_WRITE_TRIES):
            if self._write(1, record):
                self.is_single = False
                return record
        before = self._read(1)
        if not _is_whole(before):
            self.is_single = True
            return record
        # It does not let go of the keys before. Should the first sector rot, they would be in force again.
        if self._write(0, before):
            self.is_single = False
            return before
        self.is_single = True
        return record if self._read(0) == record else before

    def key(self, role: int) -> "bytes | None":
        """Return a role's key, None if it has none."""
        return self._keys[role] if self.roles >> role & 1 else None

    def put(self, role: int, key: bytes) -> bool:
        """Give a role a key, in place of the one it had; True once it is durable. Else the one before continues."""
        keys, roles = list(self._keys), self.roles | 1 << role
        keys[role] = bytes(key)
        record = _record_of(roles, self._generation + 1, keys[ROLE_CLINICIAN], keys[ROLE_PATIENT])
        if not self._write(0, record):
            return False
        in_force = self._write_second(record)
        self._adopt(in_force)
        return in_force == record

    def _adopt(self, record: bytes) -> None:
        _, _, self.roles, self._generation, clinician, patient, _ = struct.unpack(_FORMAT, record)
        self._keys[ROLE_CLINICIAN], self._keys[ROLE_PATIENT] = clinician, patient
        self.access = KEYED

    def _read(self, sector: int) -> bytes:
        record = bytearray(RECORD_BYTES)
        self._flash.read_into(self._first_sector + sector, 0, record)
        return bytes(record)

    def _write(self, sector: int, record: bytes) -> bool:
        self._flash.erase(self._first_sector + sector)
        self._flash.program(self._first_sector + sector, 0, record)
        return self._read(sector) == record


def _record_of(roles: int, generation: int, clinician: bytes, patient: bytes) -> bytes:
    record = struct.pack(_FORMAT, _MAGIC, _LAYOUT_VERSION, roles, generation, clinician, patient, 0)
    return record[:_CRC_OFFSET] + struct.pack("<I", _crc32(record))


def _crc32(record: bytes) -> int:
    return binascii.crc32(record[:_CRC_OFFSET]) & 0xFFFFFFFF


def _is_whole(record: bytes) -> bool:
    magic, version = struct.unpack_from("<HB", record, 0)
    crc32 = struct.unpack_from("<I", record, _CRC_OFFSET)[0]
    return magic == _MAGIC and version == _LAYOUT_VERSION and crc32 == _crc32(record)


def _is_blank(record: bytes) -> bool:
    return record == b"\xff" * RECORD_BYTES


def _generation_of(record: bytes) -> int:
    return struct.unpack_from("<I", record, 4)[0]
