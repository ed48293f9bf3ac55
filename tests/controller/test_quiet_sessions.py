"""A session may be quiet for two minutes, whatever constant the firmware names it by."""

import pytest

from controller.link_host import LinkHost, RefusedError
from controller.pump_bench import PumpBench, continuous
from thecal_fw.link import messages


@pytest.mark.requirement("session-ends")
def test_a_session_is_kept_for_two_minutes_and_no_longer() -> None:
    bench = PumpBench()
    bench.deliver(continuous(9_000_000))
    host = LinkHost(bench.pump.serial, nonce=3)
    host.hello()
    bench.run_for(119)
    host.ask(messages.INTERROGATE)
    bench.run_for(121)
    with pytest.raises(RefusedError) as refusal:
        host.ask(messages.INTERROGATE)
    assert refusal.value.code == messages.ERROR_NO_SESSION
    bench.assert_as_prescribed()
