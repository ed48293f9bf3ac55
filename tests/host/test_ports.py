"""Finding the board's port by what its USB device says, and naming what is in the way of opening it."""

import errno
import os
from types import SimpleNamespace

import pytest
import serial

from thecal.errors import PortError
from thecal.ports import candidates, only_board, open_port


def usb_port(device: str, manufacturer: str | None = None, product: str | None = None) -> SimpleNamespace:
    return SimpleNamespace(
        device=device,
        manufacturer=manufacturer,
        product=product,
        description=product or "n/a",
        serial_number=f"serial of {device}",
    )


THECAL = usb_port("/dev/ttyACM1", "Thecal", "Thecal RP2040 bench pump")
OTHER_THECAL = usb_port("/dev/ttyACM2", None, "Thecal RP2040 bench pump")
STOCK = usb_port("/dev/ttyACM0", "MicroPython", "Board in FS mode")
PLAIN = usb_port("/dev/ttyS0")


@pytest.fixture
def attach(monkeypatch, tmp_path):
    # Another's practice pump on this computer is none of these ports.
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    def attach(*ports: SimpleNamespace) -> None:
        monkeypatch.setattr("thecal.ports.list_ports.comports", lambda: list(ports))

    return attach


def test_the_only_board_is_found_among_other_ports(attach):
    attach(STOCK, PLAIN, THECAL)
    assert only_board() == "/dev/ttyACM1"
    assert [port.is_thecal for port in candidates()] == [True, False, False]


def test_boards_that_are_not_meant_are_left_out(attach):
    attach(THECAL)
    others = candidates()
    attach(THECAL, OTHER_THECAL)
    assert only_board(besides=others) == "/dev/ttyACM2"
    attach(THECAL)
    with pytest.raises(PortError, match="no Thecal board is attached"):
        only_board(besides=others)


def test_several_boards_are_named_with_their_serial_numbers(attach):
    attach(THECAL, OTHER_THECAL, PLAIN)
    with pytest.raises(PortError, match="2 Thecal boards are attached; choose one with --port") as refused:
        only_board()
    assert "/dev/ttyACM1  serial number serial of /dev/ttyACM1" in str(refused.value)
    assert "/dev/ttyACM2" in str(refused.value)
    assert "/dev/ttyS0" not in str(refused.value)


def test_without_a_board_all_ports_there_are_get_named(attach):
    attach(STOCK, PLAIN)
    with pytest.raises(PortError, match="no Thecal board is attached") as refused:
        only_board()
    assert "/dev/ttyACM0  Board in FS mode" in str(refused.value)
    attach()
    with pytest.raises(PortError, match="Serial ports of this computer:\n  none"):
        only_board()


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ENOENT, "there is no port"),
        (errno.EACCES, "no permission to open .* group dialout"),
        (errno.EBUSY, "is busy: another program has it open"),
        (errno.ENOTTY, "is no serial port"),
        (errno.EIO, "can't be opened as a serial port: .*Input/output"),
    ],
)
def test_what_the_system_says_is_put_in_words(number, message, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise serial.SerialException(number, f"could not open port: {os.strerror(number)}")

    monkeypatch.setattr(serial, "Serial", fail)
    with pytest.raises(PortError, match=message):
        open_port("/dev/ttyACM0")


def test_an_open_port_is_ours_alone_and_writing_to_it_ends():
    near, far = os.openpty()
    with open_port(os.ttyname(far)) as port:
        assert port.write_timeout
        with pytest.raises(PortError, match="is busy"):
            open_port(os.ttyname(far))
    os.close(near)
    os.close(far)
