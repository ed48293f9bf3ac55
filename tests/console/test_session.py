"""One thread owns the link: it looks, does what is asked one after another, and says at once when the pump is gone."""

from __future__ import annotations

import threading
import time

import pytest

from console.conftest import Bench, opened, until
from thecal.client import Pump
from thecal.console.seen import Link, as_interrogation
from thecal.console.session import ClosedError, LookOnlyError
from thecal.errors import PortError, ThecalError
from thecal.prescription import load_prescription


def test_a_session_sees_all_that_an_interrogation_reads(delivering: Bench) -> None:
    with opened(delivering.session()) as session:
        read = until(lambda: session.seen and as_interrogation(session.seen), "the whole")
        assert read.status.is_delivering
        assert read.program is not None
        assert read.dates is not None
        assert session.link is Link.LIVE


def test_a_console_that_only_looks_sends_nothing_that_changes_the_pump(delivering: Bench) -> None:
    with opened(delivering.session(may_change=False)) as session:
        digest = session.seen.status.program_digest if session.seen else b""
        changes = (
            lambda pump: pump.stop(),
            lambda pump: pump.start(digest),
            lambda pump: pump.refill(19_000_000),
            lambda pump: pump.set_time(int(time.time()), 60),
            lambda pump: pump.acknowledge(1),
            lambda pump: pump.give_bolus(digest, 2, 1_000_000, 60),
            lambda pump: pump.cancel_bolus(),
            lambda pump: pump.renew_part(0),
            lambda pump: pump.check_tone(0),
            lambda pump: pump.bootloader(),
            lambda pump: pump.prompt(),
            lambda pump: pump.stage(load_prescription("examples/stopped.toml").program),
        )
        for change in changes:
            with pytest.raises(LookOnlyError):
                session.ask(change).result(10)
        before = session.seen.status.latest_event if session.seen else 0
        assert session.ask(lambda pump: pump.interrogate()).result(10).latest_event == before


def test_jobs_are_done_one_after_another_in_their_order(delivering: Bench) -> None:
    done: list[int] = []
    under_way = threading.Lock()

    def job(number: int) -> None:
        assert under_way.acquire(blocking=False)
        done.append(number)
        time.sleep(0.005)
        under_way.release()

    with opened(delivering.session()) as session:
        futures = [session.ask(lambda _pump, number=number: job(number)) for number in range(20)]
        for future in futures:
            future.result(10)
    assert done == list(range(20))


def test_a_job_that_fails_in_itself_leaves_the_link_alone(delivering: Bench) -> None:
    with opened(delivering.session()) as session:
        with pytest.raises(ZeroDivisionError):
            session.ask(lambda _pump: 1 // 0).result(10)
        assert session.link is Link.LIVE
        assert session.ask(lambda pump: pump.interrogate()).result(10).is_delivering


def test_a_pump_that_is_unplugged_is_said_to_be_gone_and_taken_up_again(delivering: Bench) -> None:
    with opened(delivering.session()) as session:
        delivering.unplug()
        began_s = time.monotonic()
        until(lambda: session.link is Link.GONE, "a pump that is gone")
        assert time.monotonic() - began_s < 3
        with pytest.raises(PortError):
            session.ask(lambda pump: pump.stop()).result(1)
        delivering.plug_in()
        until(lambda: session.link is Link.LIVE, "a pump that is back")
        assert session.ask(lambda pump: pump.interrogate()).result(10).is_delivering


def test_another_pump_in_its_place_is_left_alone_until_a_person_says_so(delivering: Bench) -> None:
    with opened(delivering.session()) as session:
        known = session.seen
        assert known is not None
        session.seen = type(known)(**{**vars(known), "serial": "ANOTHER"})
        delivering.unplug()
        until(lambda: session.link is Link.GONE, "a pump that is gone")
        session.seen = type(known)(**{**vars(known), "serial": "ANOTHER"})
        delivering.plug_in()
        until(lambda: session.link is Link.OTHER_PUMP, "another pump")
        assert "ANOTHER" in session.why
        with pytest.raises(PortError):
            session.ask(lambda pump: pump.stop()).result(1)
        session.go_on()
        until(lambda: session.link is Link.LIVE, "the other pump")


def test_a_pump_that_another_host_takes_is_left_to_it_until_a_person_says_so(delivering: Bench) -> None:
    with opened(delivering.session()) as session:
        # As a host at another port of the same board would: a hello of its own over the same wire.
        port = delivering.opened[-1]
        session.ask(lambda _pump: Pump(port, host_nonce=7)).result(10)
        until(lambda: session.link is Link.OTHER_HOST, "the other host")
        time.sleep(0.1)
        assert session.link is Link.OTHER_HOST
        session.go_on()
        until(lambda: session.link is Link.LIVE, "the pump again")


def test_a_long_job_that_waits_for_a_person_lets_the_pump_be_looked_at_and_stopped(delivering: Bench) -> None:
    answered = threading.Event()
    with opened(delivering.session()) as session:
        long = session.ask(lambda _pump: session.serve_until(answered.is_set))
        assert session.ask(lambda pump: pump.stop()).result(10).is_stored
        until(
            lambda: session.seen is not None and not session.seen.status.is_delivering, "a pump that stands"
        )
        answered.set()
        long.result(10)


def test_a_console_that_ends_lets_nothing_further_be_asked(delivering: Bench) -> None:
    with opened(delivering.session()) as session:
        waiting = session.ask(lambda _pump: session.serve_until(lambda: False))
        session.close()
        with pytest.raises(ClosedError):
            waiting.result(10)
        with pytest.raises(ThecalError):
            session.ask(lambda pump: pump.stop()).result(1)
