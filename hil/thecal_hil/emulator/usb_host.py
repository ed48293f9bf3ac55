"""The host's end of the emulated USB: enumerates the device, sets DTR and RTS, moves bulk packets.

Promises:

- An OUT token the host has nothing for is held, as a real host simply sends none. (The emulator's own host answers
  at once with an empty packet; the firmware arms the next read, and the interrupts never end.)
- While the host does not read, a packet the device offers stays in the device, which sees its buffers fill up.
- Requests on the control pipe are sent one at a time, each after the one before was acknowledged.
- The device sees a host that is unplugged, or that suspends the bus, by frames that end and by nothing else.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final

from rp2040py.usb.cdc import extract_control_interface_number, extract_endpoint_numbers
from rp2040py.usb.interfaces import (
    DataDirection,
    DescriptorType,
    ISetupPacketParams,
    SetupRecipient,
    SetupType,
)
from rp2040py.usb.setup import (
    create_setup_packet,
    get_descriptor_packet,
    set_device_address_packet,
    set_device_configuration_packet,
)

_CONTROL_PIPE: Final = 0
_CONTROL_PACKET_BYTES: Final = 64
_CONFIGURATION_HEADER_BYTES: Final = 9
_SET_CONTROL_LINE_STATE: Final = 0x22
_BUFFER_CONTROL_0: Final = 0x80
_AVAILABLE: Final = (1 << 10) | (1 << 26)
_UNKNOWN: Final = -1

_Answer = Callable[[bytes], None]


class UsbHost:
    def __init__(self, controller: Any) -> None:
        self._usb = controller
        self._offer_in_packet = controller.dpram_updated
        self.on_data: Callable[[bytes], None] = lambda data: None
        self.on_configured: Callable[[], None] = lambda: None
        self.on_gone: Callable[[], None] = lambda: None
        self.on_sent: Callable[[], None] = lambda: None
        self.reading = True
        self._wanted_lines = 0
        self._is_plugged_in = True
        self._forget_device()
        controller.on_usb_enabled = self._device_appeared
        controller.on_reset_received = self._bus_was_reset
        controller.on_endpoint_write = self._packet_from_device
        controller.on_endpoint_read = self._device_ready_to_receive
        controller.on_reset = self._controller_reset
        controller.dpram_updated = self._buffer_control_written

    @property
    def lines_settled(self) -> bool:
        return self.configured and self._sent_lines == self._wanted_lines and self._answer is None

    @property
    def unsent(self) -> int:
        return len(self._outbox)

    def set_lines(self, *, dtr: bool, rts: bool) -> None:
        self._wanted_lines = (1 if dtr else 0) | (2 if rts else 0)
        self._send_lines_if_changed()

    def send(self, data: bytes) -> None:
        self._outbox += data
        self._serve_device_read()

    def discard_unsent(self) -> None:
        self._outbox.clear()

    def set_reading(self, reading: bool) -> None:
        self.reading = reading
        while self.reading and self._held_in:
            offset, value = self._held_in.popleft()
            self._offer_in_packet(offset, value)

    def unplug(self) -> None:
        """Pull the cable out; the board is powered by something else."""
        self._is_plugged_in = False
        self._usb.reset_alarm.cancel()
        self._usb.end_frames()
        if self.configured:
            self._controller_reset()

    def plug_in(self) -> None:
        """Put the cable in again: the host resets the bus and enumerates the device anew."""
        self._is_plugged_in = True
        self._device_appeared()

    def suspend(self) -> None:
        """Stop sending frames, as a computer does that goes to sleep."""
        self._usb.end_frames()

    def resume(self) -> None:
        """Wake the device that was suspended."""
        self._usb.resume()

    def _device_appeared(self) -> None:
        if self._is_plugged_in:
            self._usb.reset_device()

    def _forget_device(self) -> None:
        self.configured = False
        self._in_endpoint = self._out_endpoint = _UNKNOWN
        self._interface = 0
        self._sent_lines = 0
        self._outbox = bytearray()
        self._read_size: int | None = None
        self._held_in: deque[tuple[int, int]] = deque()
        self._answer: _Answer | None = None
        self._answer_bytes = 0
        self._received = bytearray()

    def _controller_reset(self) -> None:
        self._forget_device()
        self.on_gone()

    def _request(self, packet: bytes | bytearray, answer_bytes: int, answer: _Answer) -> None:
        self._answer, self._answer_bytes = answer, answer_bytes
        self._received.clear()
        self._usb.send_setup_packet(packet)

    def _bus_was_reset(self) -> None:
        self._forget_device()
        self._usb.begin_frames()
        self._request(set_device_address_packet(1), 0, self._addressed)

    def _addressed(self, _: bytes) -> None:
        self._request_configuration(_CONFIGURATION_HEADER_BYTES, self._header_read)

    def _header_read(self, header: bytes) -> None:
        self._request_configuration(int.from_bytes(header[2:4], "little"), self._descriptors_read)

    def _request_configuration(self, size: int, answer: _Answer) -> None:
        self._request(get_descriptor_packet(DescriptorType.CONFIGRATION, size), size, answer)

    def _descriptors_read(self, descriptors: bytes) -> None:
        endpoints = extract_endpoint_numbers(descriptors)
        self._in_endpoint, self._out_endpoint = endpoints.in_endpoint, endpoints.out_endpoint
        self._interface = max(0, extract_control_interface_number(descriptors))
        self._request(set_device_configuration_packet(1), 0, self._configured)

    def _configured(self, _: bytes) -> None:
        self.configured = True
        self.on_configured()
        self._send_lines_if_changed()

    def _send_lines_if_changed(self) -> None:
        if self.configured and self._answer is None and self._sent_lines != self._wanted_lines:
            self._sent_lines = self._wanted_lines
            request = ISetupPacketParams(
                data_direction=DataDirection.HOST_TO_DEVICE,
                type=SetupType.CLASS,
                recipient=SetupRecipient.INTERFACE,
                b_request=_SET_CONTROL_LINE_STATE,
                w_value=self._wanted_lines,
                w_index=self._interface,
                w_length=0,
            )
            self._request(create_setup_packet(request), 0, lambda _: self._send_lines_if_changed())

    def _packet_from_device(self, endpoint: int, packet: bytes | bytearray) -> None:
        if endpoint == _CONTROL_PIPE:
            self._control_packet(bytes(packet))
        elif endpoint == self._in_endpoint and packet:
            self.on_data(bytes(packet))

    def _control_packet(self, packet: bytes) -> None:
        if self._answer is None:
            return
        self._received += packet
        if len(self._received) >= self._answer_bytes or len(packet) < _CONTROL_PACKET_BYTES:
            answer, self._answer = self._answer, None
            answer(bytes(self._received))

    def _device_ready_to_receive(self, endpoint: int, size: int) -> None:
        if endpoint != _CONTROL_PIPE and endpoint == self._out_endpoint:
            self._read_size = size
            self._serve_device_read()

    def _serve_device_read(self) -> None:
        if self._read_size and self._outbox:
            packet = bytes(self._outbox[: self._read_size])
            del self._outbox[: self._read_size]
            self._read_size = None
            self._usb.endpoint_read_done(self._out_endpoint, packet)
            if not self._outbox:
                self.on_sent()

    def _buffer_control_written(self, offset: int, value: int) -> None:
        offers_data = offset == _BUFFER_CONTROL_0 + 8 * self._in_endpoint and value & _AVAILABLE
        if offers_data and not self.reading:
            self._held_in.append((offset, value))
        else:
            self._offer_in_packet(offset, value)
