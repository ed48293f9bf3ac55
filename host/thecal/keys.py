"""This computer's keys of pumps, in the key store that its operating system has for such things.

Promises: a key is in no file of this project, in no argument and in no environment variable; what is kept is read back
before it counts as kept. The store is asked only when a pump wants a key.
"""

from __future__ import annotations

from typing import Protocol

from thecal.errors import KeyStoreError
from thecal_fw.core.roles import ROLE_NAMES
from thecal_fw.link.authentication import KEY_BYTES

_SERVICE = "thecal pump"
_PROBE = "probe"
_ADVICE = (
    "On a desktop it comes with the session (GNOME Keyring, KWallet, the keychain of macOS, the credential manager of"
    " Windows); on a computer without one, `pip install keyrings.cryptfile` gives an encrypted file for it."
    " `keyring --list-backends` lists what there is"
)


class Keys(Protocol):
    """Where a client finds the keys of pumps."""

    def key(self, serial: str, role: int) -> bytes | None:
        """The key of a role of the pump with this serial number; None if there is none here."""
        ...


class NoKeys:
    """Of a host that was never paired with any pump."""

    def key(self, serial: str, role: int) -> bytes | None:
        return None


class StoredKeys:
    """The keys in this computer's key store. Every method raises KeyStoreError where there is none to be had."""

    def key(self, serial: str, role: int) -> bytes | None:
        text = _read(_name(serial, role))
        try:
            key = bytes.fromhex(text or "")
        except ValueError:
            return None
        return key if len(key) == KEY_BYTES else None

    def keep(self, serial: str, role: int, key: bytes) -> None:
        """Keep a key, in place of the one before."""
        _write(_name(serial, role), key.hex())

    def must_keep(self, serial: str) -> None:
        """Raise KeyStoreError unless the store keeps what it is given: better known before a pump has a new key."""
        name = f"{serial} {_PROBE}"
        _write(name, _PROBE)
        _forget(name)


def _name(serial: str, role: int) -> str:
    return f"{serial} {ROLE_NAMES[role]}"


def _read(name: str) -> str | None:
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(_SERVICE, name)
    except KeyringError as error:
        raise KeyStoreError(
            f"this computer's key store can't be read: {_reason(error)}. {_ADVICE}"
        ) from error


def _write(name: str, text: str) -> None:
    import keyring
    from keyring.errors import KeyringError

    try:
        keyring.set_password(_SERVICE, name, text)
    except KeyringError as error:
        raise KeyStoreError(f"this computer's key store takes no key: {_reason(error)}. {_ADVICE}") from error
    if _read(name) != text:
        raise KeyStoreError(f"this computer's key store keeps nothing. {_ADVICE}")


def _forget(name: str) -> None:
    import keyring
    from keyring.errors import KeyringError

    try:
        keyring.delete_password(_SERVICE, name)
    except KeyringError as error:
        raise KeyStoreError(f"this computer's key store can't be changed: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """First sentence of what the library says; the rest is its own advice, and ours follows."""
    return str(error).split(". ")[0] or type(error).__name__
