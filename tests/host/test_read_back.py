"""The host commits nothing before the pump has shown that it holds the very bytes that were sent."""

from __future__ import annotations

import pytest

from controller.link_host import link_of
from host.conftest import EXAMPLES
from thecal.client import Pump
from thecal.errors import ThecalError
from thecal.prescription import load_prescription
from thecal_fw.core.program import Program
from thecal_fw.link import messages
from thecal_sim.model import ModelPump

SIMPLE = load_prescription(EXAMPLES / "simple_continuous.toml").program


def fields(**changes: object) -> Program:
    return Program(**{**vars(SIMPLE), **changes})  # type: ignore[arg-type]


@pytest.mark.requirement("staged-read-back")
@pytest.mark.parametrize("place", [0, 20, -1])
def test_a_program_that_changed_in_the_pump_on_its_way_is_not_committed(
    place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = ModelPump()
    pump = Pump(model.serial, host_nonce=1)
    pump.program(SIMPLE)
    before = pump.interrogate().program_digest
    staging = link_of(model)._staging
    add = staging.add

    def add_and_garble(offset: int, data: bytes) -> int:
        length = add(offset, data)
        assert staging._place is not None
        staging._place.buffer[place % length] ^= 1
        return length

    monkeypatch.setattr(staging, "add", add_and_garble)
    with pytest.raises(ThecalError, match="other bytes than were sent"):
        pump.program(fields(rate_nl_per_day=SIMPLE.rate_nl_per_day + 1))
    assert pump.interrogate().program_digest == before


@pytest.mark.requirement("staged-read-back")
def test_a_program_is_read_back_between_its_last_piece_and_its_commit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = ModelPump()
    pump = Pump(model.serial, host_nonce=1)
    asked: list[int] = []
    pump.program(SIMPLE)
    server = link_of(model)
    payload = server._payload
    monkeypatch.setattr(
        server, "_payload", lambda message, values: asked.append(message.kind) or payload(message, values)
    )
    pump.program(fields(rate_nl_per_day=SIMPLE.rate_nl_per_day + 1))
    last_piece = max(n for n, kind in enumerate(asked) if kind == messages.STAGE_DATA.kind)
    assert messages.READ_PROGRAM.kind in asked[last_piece : asked.index(messages.COMMIT.kind)]
