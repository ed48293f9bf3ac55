"""The client on the model pump: transactions, faults, and requests that are carried out once however often sent."""

from collections.abc import Callable

import pytest

from host.conftest import EXAMPLES
from thecal.client import ProgramRefusedError, Pump
from thecal.errors import PortError, PumpRefusedError, StaleSessionError
from thecal.prescription import load_prescription
from thecal_fw.core.program import Program
from thecal_fw.core.program_fault import FIELD_RESERVOIR, FIELD_STEP_RATE
from thecal_fw.link import messages
from thecal_fw.link.frames import encode_frame
from thecal_sim.link import HostPort
from thecal_sim.model import ModelPump

FLEX = load_prescription(EXAMPLES / "paediatric_flex.toml").program


class LossyPort:
    """A port that loses what the pump sends when asked to, as if it never came."""

    def __init__(self, port: HostPort) -> None:
        self._port = port
        self.timeout = port.timeout
        self.lose_next = 0

    @property
    def in_waiting(self) -> int:
        return self._port.in_waiting

    def read(self, size: int = 1) -> bytes:
        self._port.timeout = self.timeout
        if not self.lose_next:
            return self._port.read(size)
        self.lose_next -= 1
        while self._port.read(1_000):
            pass
        return b""

    def write(self, data: bytes) -> int:
        return self._port.write(data)

    def close(self) -> None:
        self._port.close()


@pytest.fixture
def model() -> ModelPump:
    return ModelPump()


@pytest.fixture
def port(model: ModelPump) -> LossyPort:
    return LossyPort(model.serial)


@pytest.fixture
def pump(port: LossyPort) -> Pump:
    return Pump(port, host_nonce=1)


def changed(**fields: object) -> Program:
    return Program(**{**vars(FLEX), **fields})  # type: ignore[arg-type]


@pytest.mark.requirement("old-program-until-commit")
def test_a_program_is_what_the_pump_has_only_once_it_is_committed(pump: Pump):
    assert pump.read_program() is None
    digest = pump.stage(FLEX)
    assert pump.read_program() is None
    pump.commit_staged(digest)
    committed = pump.read_program()
    assert committed is not None
    assert committed.encode() == FLEX.encode()


@pytest.mark.requirement("program-checked-on-the-pump", "every-fault-named", "refused-commit-keeps-program")
def test_a_program_with_faults_is_refused_with_all_of_them_and_changes_nothing(pump: Pump):
    pump.program(FLEX)
    patterns = [[(start, 1 + index) for start, _ in pattern] for index, pattern in enumerate(FLEX.patterns)]
    with pytest.raises(ProgramRefusedError) as refused:
        pump.program(changed(reservoir_nl=30_000_000, patterns=patterns))
    faults = refused.value.faults
    assert [fault.field for fault in faults] == [FIELD_RESERVOIR] + [FIELD_STEP_RATE] * 14
    assert f"{len(faults)} faults" in str(refused.value)
    assert "step_rate_nl_per_day in pattern 1, step 4 is 2, allowed 48000 to 24000000" in str(refused.value)
    running = pump.read_program()
    assert running is not None
    assert running.digest() == FLEX.digest()


def test_a_commit_with_a_wrong_digest_and_one_without_a_stage_are_refused(pump: Pump):
    pump.stage(FLEX)
    with pytest.raises(PumpRefusedError, match="refused commit: digest differs"):
        pump.commit_staged(bytes(32))
    pump.commit_staged(FLEX.digest())
    with pytest.raises(PumpRefusedError, match="refused commit: nothing staged"):
        pump.commit_staged(FLEX.digest())


@pytest.mark.requirement("retry-after-lost-answer")
@pytest.mark.parametrize("losses", [1, 2])
@pytest.mark.parametrize(
    ("act", "event"),
    [
        (lambda pump: pump.refill(20_000_000), "refilled"),
        (lambda pump: pump.set_time(1_772_794_800, 60), "time set"),
        (lambda pump: pump.commit_staged(FLEX.digest()), "program committed"),
        (lambda pump: pump.start(FLEX.digest()), "delivery started"),
        (lambda pump: pump.stop(), "delivery stopped"),
    ],
)
def test_an_answer_that_is_lost_makes_nothing_happen_twice(
    port: LossyPort, pump: Pump, model: ModelPump, act: Callable[[Pump], object], event: str, losses: int
):
    pump.stage(FLEX)
    if event in ("delivery started", "delivery stopped"):
        pump.commit_staged(FLEX.digest())
        pump.refill(20_000_000)
    if event == "delivery stopped":
        pump.start(FLEX.digest())
        model.run_for(3_000_000_000)
    port.lose_next = losses
    act(pump)
    assert pump.requests_repeated == losses
    code = messages.EVENT_NAMES.index(event)
    assert len([entry for entry in pump.log() if entry.code == code]) == 1


def test_a_second_host_ends_the_first_ones_session(model: ModelPump, pump: Pump):
    other = Pump(model.serial, host_nonce=2)
    with pytest.raises(StaleSessionError, match="another host has opened a session"):
        pump.interrogate()
    assert other.interrogate().state_name == "stopped"


def test_a_session_that_went_quiet_is_opened_again_unnoticed(model: ModelPump, pump: Pump):
    model.run_for(130_000_000_000)
    assert pump.interrogate().state_name == "stopped"


def test_a_reset_takes_the_port_and_the_next_session_finds_the_pump_anew(model: ModelPump, pump: Pump):
    model.reset()
    with pytest.raises(PortError, match="the port has gone"):
        pump.interrogate()
    model.serial.open()
    assert pump.interrogate().boots == 2


def test_the_answer_to_an_earlier_hosts_hello_is_not_taken_for_ones_own(model: ModelPump, pump: Pump):
    # The first host asked and died before it read the answer; the second finds it in the port.
    first = Pump(model.serial, host_nonce=10)
    hello = messages.HELLO.request.pack(messages.schema_hash(), 77)
    model.serial.write(encode_frame(messages.HELLO.kind, 0, 1, hello))
    model.run_for(10_000_000)
    second = Pump(model.serial, host_nonce=11)
    assert second.interrogate().state_name == "stopped"
    assert first.version == second.version


@pytest.mark.requirement("event-log-read", "event-log-read-from")
def test_the_whole_log_is_read_however_many_frames_it_takes(pump: Pump):
    for volume_nl in range(1_000_000, 1_040_000, 1_000):
        pump.refill(volume_nl)
    events = pump.log()
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert [event.sequence for event in pump.log(30)] == list(range(30, len(events) + 1))
    assert pump.log(5_000) == []
