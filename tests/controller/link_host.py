"""The bare host as the controller's tests have it: patient in virtual time, with alarms as bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thecal.alarm_sets import set_of, with_bits
from thecal_fw.link import messages
from thecal_fw.link.frames import Frame
from thecal_fw.link.messages import Message
from thecal_fw.requests.server import LinkServer
from thecal_sim.bare_host import BareHost
from thecal_sim.bare_host import RefusedError as RefusedError
from thecal_sim.link import HostPort
from thecal_sim.model import ModelPump
from thecal_sim.units import NS_PER_S

_PATIENCE_S = 2.0
_MOMENT_S = 0.05
_SESSION_LASTS_NS = 100 * NS_PER_S
"""Shorter than the pump keeps a session that has gone quiet."""


class LinkHost(BareHost):
    """A host with a session of its own on a model's port; given the time, it says hello again after a long silence."""

    staged_at_once = 200

    def __init__(self, port: HostPort, nonce: int = 1, now_ns: Callable[[], int] = lambda: 0):
        super().__init__(port, nonce)
        self.port: HostPort = port
        self._now_ns = now_ns
        self._asked_ns = 0
        port.timeout = _PATIENCE_S

    def acknowledge(self, alarms: int) -> dict[str, Any]:
        """Acknowledge alarms by bit."""
        return self.ask(messages.ACKNOWLEDGE, set_of(alarms))

    def _wait_a_moment(self) -> None:
        self.port.timeout = _MOMENT_S
        assert self.port.read(1) == b"", "the pump says something that nobody asked for"
        self.port.timeout = _PATIENCE_S

    def ask_once(self, message: Message, *values: object, tail: bytes = b"") -> dict[str, Any]:
        if self.session and self._now_ns() - self._asked_ns > _SESSION_LASTS_NS:
            self.hello()
        self._asked_ns = self._now_ns()
        return super().ask_once(message, *values, tail=tail)

    @staticmethod
    def fields_of(frame: Frame) -> dict[str, Any]:
        return with_bits(BareHost.fields_of(frame))


def link_of(pump: ModelPump) -> LinkServer:
    """Return what serves the link of a model pump that runs."""
    link = pump.controller._link
    assert isinstance(link, LinkServer)
    return link
