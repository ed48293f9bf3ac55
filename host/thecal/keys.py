"""This computer's keys of pumps, in the key store that its operating system has for such things.

Promises: a key is in no file of this project, in no argument and in no environment variable; what is kept is read back
before it counts as kept. The store is asked only when a pump wants a key.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from thecal.errors import KeyStoreError, NoKeyStoreError
from thecal_fw.core.roles import ROLE_NAMES
from thecal_fw.link.authentication import KEY_BYTES

_SERVICE = "thecal pump"
_PROBE = "probe"
_UNSETTLED = " unsettled"
_ADVICE = (
    "On a desktop it comes with the session (GNOME Keyring, KWallet, the keychain of macOS, the credential manager of"
    " Windows); on a computer without one, `pip install keyrings.cryptfile` gives an encrypted file for it."
    " `keyring --list-backends` lists what there is"
)


T = TypeVar("T")


class Keys(Protocol):
    """The place where a client finds the keys of pumps."""

    def key(self, serial: str, role: int) -> bytes | None:
        """Return the key of a role of the pump with this serial number; None if there is none here."""
        ...

    def unsettled(self, serial: str, role: int) -> bytes | None:
        """Return a key that was sent to the pump, and it is not known whether it was taken; None if there is none."""
        ...

    def settle(self, serial: str, role: int, *, is_taken: bool) -> None:
        """Settle the unsettled key: it is the pump's, or worth nothing."""
        ...


class NoKeys:
    """The keys of a host that was never paired with any pump."""

    def key(self, serial: str, role: int) -> bytes | None:
        return None

    def unsettled(self, serial: str, role: int) -> bytes | None:
        return None

    def settle(self, serial: str, role: int, *, is_taken: bool) -> None:
        pass


class StoredKeys:
    """The keys in this computer's key store. Every method raises KeyStoreError where there is none."""

    def key(self, serial: str, role: int) -> bytes | None:
        return _key_in(_read(_name(serial, role)))

    def unsettled(self, serial: str, role: int) -> bytes | None:
        return _key_in(_read(_name(serial, role) + _UNSETTLED))

    def keep_unsettled(self, serial: str, role: int, key: bytes) -> None:
        """Keep a key before a pump is given it, beside the one before."""
        _write(_name(serial, role) + _UNSETTLED, key.hex())

    def settle(self, serial: str, role: int, *, is_taken: bool) -> None:
        key = self.unsettled(serial, role)
        if key is None:
            return
        if is_taken:
            _write(_name(serial, role), key.hex())
        _forget(_name(serial, role) + _UNSETTLED)

    def must_keep(self, serial: str) -> None:
        """Raise KeyStoreError unless the store keeps what it is given: better known before a pump has a new key."""
        name = f"{serial} {_PROBE}"
        _write(name, _PROBE)
        _forget(name)


def _name(serial: str, role: int) -> str:
    return f"{serial} {ROLE_NAMES[role]}"


def _key_in(text: str | None) -> bytes | None:
    try:
        key = bytes.fromhex(text or "")
    except ValueError:
        return None
    return key if len(key) == KEY_BYTES else None


def _read(name: str) -> str | None:
    return _of_the_store("can't be read", lambda store: store.get_password(_SERVICE, name))


def _write(name: str, text: str) -> None:
    _of_the_store("takes no key", lambda store: store.set_password(_SERVICE, name, text))
    if _read(name) != text:
        raise KeyStoreError(f"this computer's key store keeps nothing. {_ADVICE}")


def _forget(name: str) -> None:
    _of_the_store("can't be changed", lambda store: store.delete_password(_SERVICE, name))


def _of_the_store(what_fails: str, do: Callable[[Any], T]) -> T:
    """Do something with the key store. It is made of plug-ins and of services of the system's, which fail in whatever
    way is theirs: a backend that is missing, a configuration that is none, a bus that is not there."""
    try:
        import keyring
        from keyring.errors import NoKeyringError
    except Exception as error:
        raise KeyStoreError(f"this computer's key store {what_fails}: {_reason(error)}. {_ADVICE}") from error
    try:
        return do(keyring)
    except NoKeyringError as error:
        raise NoKeyStoreError(
            f"this computer's key store {what_fails}: {_reason(error)}. {_ADVICE}"
        ) from error
    except Exception as error:
        raise KeyStoreError(f"this computer's key store {what_fails}: {_reason(error)}. {_ADVICE}") from error


def _reason(error: Exception) -> str:
    """Return the first sentence of what the library says; the rest is its own advice, and ours follows."""
    return str(error).split(". ")[0] or type(error).__name__
