"""The host's end of the simulated link behaves as a serial port does, in virtual time."""

import pytest
from serial import PortNotOpenError, SerialException, SerialTimeoutException

from thecal_sim.link import HostPort, SimulatedPort
from thecal_sim.processor import Processor
from thecal_sim.units import NS_PER_S
from thecal_sim.virtual_time import VirtualTime


class Echo:
    """A pump's end that answers each byte with the same byte, a second later."""

    def __init__(self):
        self.env = VirtualTime()
        self.pump = SimulatedPort(Processor(self.env))
        self.host = HostPort(self.env, self.pump)
        self.pump.on_arrival = self._arrived

    def _arrived(self):
        self.env.timeout(NS_PER_S).callbacks.append(lambda _: self._answer())

    def _answer(self):
        while (byte := self.pump.read()) >= 0:
            self.pump.write(bytes([byte]))


@pytest.fixture
def echo() -> Echo:
    return Echo()


def test_a_read_lets_time_pass_until_the_bytes_are_there(echo):
    echo.host.write(b"abc")
    assert echo.host.read(3) == b"abc"
    assert echo.env.now_ns == NS_PER_S


def test_a_read_gives_up_after_its_time_out_with_what_there_is(echo):
    echo.host.timeout = 1.5
    echo.host.write(b"abc")
    assert echo.host.read(5) == b"abc"
    assert echo.env.now_ns == 3 * NS_PER_S // 2


def test_a_read_without_waiting_lets_no_time_pass(echo):
    echo.host.timeout = 0
    echo.host.write(b"abc")
    assert echo.host.read(1) == b""
    assert echo.env.now_ns == 0


def test_waiting_bytes_are_counted_and_can_be_thrown_away(echo):
    echo.host.write(b"abc")
    echo.env.run_until(NS_PER_S)
    assert echo.host.in_waiting == 3
    echo.host.reset_input_buffer()
    assert echo.host.in_waiting == 0


def test_a_write_waits_while_the_pump_does_not_read(echo):
    echo.host.write_timeout = 2.0
    assert echo.host.write(bytes(600)) == 600
    assert echo.env.now_ns == NS_PER_S
    echo.pump.on_arrival = lambda: None
    with pytest.raises(SerialTimeoutException):
        echo.host.write(bytes(600))
    assert echo.env.now_ns == 3 * NS_PER_S


def test_a_host_that_never_reads_costs_the_pump_frames_but_never_its_time(echo):
    echo.host.paused = True
    sent = [echo.pump.write(bytes(100)) for _ in range(10)]
    assert sent == [True] * 5 + [False] * 5
    echo.host.paused = False
    assert echo.host.in_waiting == 500


def test_a_closed_port_refuses_and_takes_nothing(echo):
    echo.host.close()
    with pytest.raises(PortNotOpenError):
        echo.host.read()
    assert not echo.pump.write(b"frame")


def test_a_reset_takes_the_port_away_until_it_is_opened_again(echo):
    echo.pump.reset()
    with pytest.raises(SerialException):
        echo.host.write(b"?")
    echo.host.open()
    assert echo.host.write(b"!") == 1
    with pytest.raises(SerialException):
        echo.host.open()
