"""Every command on a pump behind a pseudo-terminal, as a process of its own: results, messages and exit codes."""

import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import serial

from host.conftest import EXAMPLES, Bench, thecal
from thecal.cli import app, run
from thecal_fw.core.alarms import ALARM_NAMES, PULSES_MISSING
from thecal_fw.version import VERSION

SIMPLE = str(EXAMPLES / "simple_continuous.toml")
FLEX = str(EXAMPLES / "paediatric_flex.toml")


def wait_until(bench: Bench, has_come: Callable[[], bool]) -> None:
    """Ask the pump again and again; its time continues as a person's does."""
    deadline = time.monotonic() + 20
    while not has_come():
        assert time.monotonic() < deadline


@pytest.mark.requirement(
    "person-is-asked",
    "start-reminded",
    "refill-told",
    "event-log-changes",
    "event-log-stop",
    "event-log-refill",
    "event-log-commit",
    "event-log-time-set",
)
def test_a_whole_visit(bench: Bench):
    bench.in_own_process = True
    told = bench.ok("interrogate")
    assert "STOPPED: gives nothing" in told
    assert "not known; set it with `thecal refill`" in told
    assert "reservoir, calculated      unknown" in bench.ok("interrogate", "--all")

    assert "--set" in bench.ok("time")
    shown = bench.ok("time", "--set", "--offset", "-05:30")
    assert "UTC-05:30  (set)" in shown
    assert "the pump is 0." in shown

    nobody_asked = bench.thecal("program", SIMPLE, "--reason", "a test")
    assert nobody_asked.returncode == 2
    assert "add --yes" in nobody_asked.stderr
    committed = bench.json("program", SIMPLE, "--yes", "--reason", "a test")
    assert (committed["changed"], committed["state"]) == (True, "stopped")
    change = bench.ok("program", FLEX, "--yes", "--reason", "a test")
    assert "running now" in change
    assert "Begin delivery with `thecal start`" in change
    assert bench.json("program", FLEX, "--yes", "--reason", "a test")["changed"] is False

    assert bench.ok("refill", "20", "--yes") == "the reservoir holds 20 mL\n"
    refilled = bench.json("refill", "19.5", "--yes")
    assert (refilled["fill_nl"], refilled["expected_residual_nl"]) == (19_500_000, 20_000_000)

    assert "the pump is delivering: program e54341c7, baclofen, now " in bench.ok("start")
    wait_until(bench, lambda: bench.json("interrogate")["state"] == "delivering")
    status = bench.json("interrogate")
    assert (status["state"], status["mode"], status["drug"]) == ("delivering", "flex", "baclofen")
    assert status["dose_mcg_per_day"] >= 168
    assert status["offset_minutes"] == -330

    looks = bench.ok("watch", "--count", "2", "--interval", "0.1")
    assert looks.count("delivering") == 2

    assert "counted_steps" in bench.json("stop", "--yes")
    events = bench.json("log", "--since", "2")
    assert [event["sequence"] for event in events] == list(range(2, 2 + len(events)))
    names = {event["name"] for event in events}
    assert {"program committed", "delivery started", "delivery stopped", "refilled", "time set"} <= names
    assert "delivery stopped" in bench.ok("log")


@pytest.mark.requirement("refill-in-range", "refusal-in-words", "refusal-exit-code")
def test_what_the_pump_refuses_ends_with_exit_code_1_and_its_reason(bench: Bench):
    assert "has no program; commit one with" in bench.refused(1, "start")
    bench.ok("program", SIMPLE, "--yes", "--reason", "a test")
    assert "refused refill: value out of range. Its reservoir holds 20 mL" in bench.refused(
        1, "refill", "40", "--yes"
    )
    bench.ok("start")
    assert "already delivering" in bench.refused(1, "start")


@pytest.mark.requirement("refusal-in-words")
def test_a_refused_bolus_is_told_with_what_was_asked_its_limit_the_field_and_what_to_do(
    bench: Bench, tmp_path: Path
) -> None:
    def refused(*arguments: str) -> str:
        return bench.refused(1, "bolus", *arguments).strip().partition("the pump would refuse ")[2]

    bench.ok("time", "--set")
    file = tmp_path / "p.toml"
    told = Path(FLEX).read_text("utf-8").replace("most_mcg_per_bolus = 8", "most_mcg_per_bolus = 10")
    file.write_text(told, encoding="utf-8")
    bench.ok("program", str(file), "--yes", "--reason", "a test")
    bench.ok("refill", "20", "--yes")
    give = ("give", "9.5", "--over-minutes", "10", "--yes")
    asked = "a clinician bolus of 9.5 mcg (0.019 mL) over 10 min 0 s: "
    assert (
        refused(*give)
        == f"{asked}nothing is being delivered (the pump is stopped). Begin with `thecal start`"
    )
    bench.ok("start")
    wait_until(bench, lambda: bench.json("interrogate")["state"] == "delivering")
    assert refused(*give) == (
        f"{asked}limit of an hour: 9.5 mcg asked for, limits.most_mcg_per_hour = 25, of which the program itself gives"
        " up to 16 mcg; 9 mcg are left for all boluses on demand in an hour. Ask for less, wait, or commit a program"
        " that allows more"
    )
    assert refused("give", "11", "--over-minutes", "10", "--yes").endswith(
        "limit of a single bolus: 11 mcg asked for, limits.most_mcg_per_bolus = 10. Ask for no more, or commit a"
        " program that allows it"
    )
    assert refused("patient").startswith(
        "a patient bolus: the program has no such bolus. Give its prescription a"
    )
    bench.ok("refill", "1.9", "--yes")
    wait_until(bench, lambda: bench.json("interrogate")["active_alarms"] != [])
    assert refused("give", "1", "--over-minutes", "10", "--yes").endswith(
        'blocked by an alarm, low reservoir. "low reservoir" is cleared by: refill'
    )
    file.write_text(told.replace("most_mcg_per_bolus = 10\n", ""), encoding="utf-8")
    bench.ok("refill", "20", "--yes")
    bench.ok("program", str(file), "--yes", "--reason", "a test")
    wait_until(bench, lambda: not bench.json("interrogate")["active_alarms"])
    assert refused("give", "1", "--over-minutes", "10", "--yes").endswith(
        "limit of a single bolus: 1 mcg asked for, and the program allows none: commit one with"
        " limits.most_mcg_per_bolus"
    )


def test_what_takes_effect_asks_first(bench: Bench):
    assert "nobody to ask here; add --yes" in bench.refused(2, "refill", "20")
    assert bench.json("interrogate")["fill_known"] is False
    assert "exit 1" in at_a_terminal(bench.port, "refill", "20", typed="n")
    assert bench.json("interrogate")["fill_known"] is False
    assert "exit 0" in at_a_terminal(bench.port, "refill", "20", typed="y")
    assert bench.json("interrogate")["fill_known"] is True
    bench.do(lambda model: model.controller.alarms.set_cause(PULSES_MISSING, True))
    asked = at_a_terminal(bench.port, "acknowledge", "--all", typed="n")
    assert f"Acknowledge {ALARM_NAMES[PULSES_MISSING]}? [y/N]" in asked
    assert "nobody to ask here; add --yes" in bench.refused(2, "acknowledge", "--all")


def test_output_that_can_not_be_written_is_no_failure_of_the_port(bench: Bench):
    environment = {**os.environ, "THECAL_PORT": bench.port}
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        done = subprocess.run(
            [sys.executable, "-m", "thecal.cli", "refill", "20", "--yes"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith(
        "the output could not be written: No space left on device. Done by then: the refill was"
    )
    assert done.stderr.count("\n") == 1
    assert bench.json("interrogate")["fill_known"] is True


@pytest.mark.requirement("not-stored-told")
def test_a_person_is_told_what_a_power_cut_would_undo_and_why_nothing_can_be_begun(bench: Bench):
    bench.ok("program", SIMPLE, "--yes", "--reason", "a test")
    bench.ok("refill", "20", "--yes")
    bench.ok("start")
    bench.do(lambda model: setattr(model.board.supply, "good", False))
    stopped = bench.thecal("stop", "--yes")
    assert stopped.returncode == 0
    assert (
        "the pump could not write this to its memory; until it can, a power cut undoes it" in stopped.stderr
    )
    for refused in (("start",), ("refill", "20", "--yes"), ("time", "--set")):
        assert "its supply is low or its memory takes nothing, see `thecal interrogate`" in bench.refused(
            1, *refused
        )


def test_the_dates_of_the_next_refill_are_told_and_an_alarm_that_does_not_protect(bench: Bench):
    assert "there are no dates" in bench.refused(1, "dates")
    bench.ok("time", "--set")
    assert "does not protect a full reservoir" in bench.ok("program", SIMPLE, "--yes", "--reason", "a test")
    bench.ok("refill", "20", "--yes")
    bench.ok("start")
    told = bench.json("dates")
    assert told["refill_by"] == told["low_at_worst"] < told["low"] < told["empty"]
    assert "refill by" in bench.ok("dates")
    bench.ok("program", str(EXAMPLES / "periodic_bolus.toml"), "--yes", "--reason", "a test")
    assert "does not protect" not in bench.ok("program", str(EXAMPLES / "periodic_bolus.toml"), "--show")
    told = bench.json("dates")
    assert told["drug_expires"] is not None
    assert told["refill_by"] <= told["drug_expires"]


@pytest.mark.requirement(
    "bolus-told",
    "bolus-refusal-told",
    "bolus-end-told",
    "bolus-volume-told",
    "bolus-time-told",
)
def test_boluses_are_told_in_words_given_refused_and_ended(bench: Bench):
    assert "the pump has no program" in bench.refused(1, "bolus", "patient")
    bench.ok("time", "--set")
    bench.ok("program", str(EXAMPLES / "periodic_bolus.toml"), "--yes", "--reason", "a test")
    bench.ok("refill", "20", "--yes")
    bench.ok("start")
    wait_until(bench, lambda: bench.json("interrogate")["state"] == "delivering")
    assert "nobody to ask" in bench.refused(2, "bolus", "give", "10", "--over-minutes", "5")
    for wrong in ("1_0", "1e1", "\N{ARABIC-INDIC DIGIT FIVE}", "5,5", "nan", "0", "10001"):
        assert "write it like 12.5" in bench.refused(
            2, "bolus", "give", wrong, "--over-minutes", "5", "--yes"
        )
    assert "allowed: a number of mcg" in bench.refused(
        2, "bolus", "give", "ten", "--over-minutes", "5", "--yes"
    )
    too_much = bench.refused(1, "bolus", "give", "16", "--over-minutes", "5", "--yes")
    assert "limit of a single bolus: 16 mcg asked for, limits.most_mcg_per_bolus = 15." in too_much
    given = bench.ok("bolus", "patient")
    assert given == "the pump gives a patient bolus of 5 mcg (0.01 mL) over 10 min 0 s\n"
    assert "a bolus is under way" in bench.refused(1, "bolus", "patient")
    told = bench.json("bolus", "status")
    assert (told["patient_in_24_h"], told["is_history_known"]) == (1, True)
    assert "the bolus has been ended" in bench.ok("bolus", "cancel", "--yes")
    assert "lockout, patient_bolus.lockout_minutes = 240; wait " in bench.refused(1, "bolus", "patient")
    wait_until(bench, lambda: not bench.json("bolus", "status")["under_way"])
    assert "no bolus was under way" in bench.ok("bolus", "cancel", "--yes")
    log = bench.ok("log")
    assert "bolus begun" in log
    assert "patient: lockout" not in log, "what was only checked is not logged as asked for"


@pytest.mark.requirement("prime-dead-volume")
def test_a_prime_of_the_catheter_holds_what_tubing_and_catheter_do(bench: Bench, tmp_path: Path):
    slowest, program = (EXAMPLES / "minimum_rate.toml").read_text(), tmp_path / "program.toml"
    program.write_text("catheter_ul = 180\n" + slowest)
    bench.ok("program", str(program), "--yes", "--reason", "a test")
    bench.ok("refill", "20", "--yes")
    bench.ok("start")
    wait_until(bench, lambda: bench.json("interrogate")["state"] == "delivering")
    # The line has room for all of it until the first microstep, which at this rate comes 14 s after the start.
    prime = bench.json("bolus", "prime", "--catheter", "--over-minutes", "20", "--yes")
    assert (prime["kind"], prime["bolus_nl"]) == ("prime", 320_000)


@pytest.mark.requirement(
    "stop-is-confirmed", "time-in-range", "bad-input-first", "offset-in-range", "bad-input-exit-code"
)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("program", "none.toml", "--show"), "can't be read"),
        (("program", SIMPLE, "--json"), "add --yes"),
        (("stop",), "add --yes"),
        (("stop", "--json"), "add --yes"),
        (("refill", "a lot"), "write it like 20 or 19.5"),
        (("refill", "40.1"), "at most 40 mL"),
        (("refill", "1.0000001"), "to six decimals"),
        (("time", "--set", "--offset", "+1"), "write it like +01:00"),
        (("time", "--to", "noon"), "write it like 2026-03-06T12:00"),
        (("time", "--to", "1999-01-01T00:00"), "between 2024 and 2099"),
        (("time", "--offset", "+01:00"), "goes with --set or --to"),
        (("time", "--set", "--to", "2026-03-06T12:00"), "not both"),
        (("refill", "-5"), "'-5' is no volume in mL, allowed: more than 0"),
        (("residual", "-5"), "-5"),
        (("bolus", "give", "-5", "--over-minutes", "5"), "dose '-5', allowed: a number of mcg above 0"),
        (("acknowledge",), "or give --all"),
        (("acknowledge", "headache"), "there is no alarm 'headache'"),
        (("watch", "--interval", "soon"), "--interval"),
        (("flash", "--image", "none.uf2"), "build it with `make uf2`"),
        (("dance",), "dance"),
    ],
)
def test_bad_input_ends_with_exit_code_2_before_any_port_is_opened(arguments, message, capfd, monkeypatch):
    # A port that is not there would end with exit code 1.
    monkeypatch.setenv("THECAL_PORT", "/dev/none")
    assert run(list(arguments)) == 2
    shown = capfd.readouterr()
    assert message in shown.err
    assert shown.out == ""


def test_the_clock_is_set_to_a_time_given(bench: Bench):
    reading = bench.json("time", "--to", "2026-03-06T12:00:00.25", "--offset", "+01:00")
    assert 1_772_794_800 <= reading["utc_s"] < 1_772_794_805
    assert (reading["offset_minutes"], reading["time_source"]) == (60, "set")
    assert reading["ahead_of_host_s"] == pytest.approx(reading["utc_s"] - reading["host_utc_s"], abs=2)


@pytest.mark.requirement("alarms-acknowledged-by-name", "alarms-told-by-name")
def test_alarms_are_acknowledged_by_name_or_all_at_once(bench: Bench):
    bench.do(lambda model: model.controller.alarms.set_cause(PULSES_MISSING, True))
    name = ALARM_NAMES[PULSES_MISSING]
    assert name in bench.ok("interrogate")
    assert bench.ok("acknowledge", name, "--yes") == f"cleared: none\nsilenced: {name}\nsounding: none\n"
    bench.do(lambda model: model.controller.alarms.set_cause(PULSES_MISSING, False))
    assert bench.json("acknowledge", "--all", "--yes") == {"cleared": [name], "active": [], "silenced": []}


def test_commands_that_need_no_pump():
    shown = thecal("program", FLEX, "--show").stdout
    assert '"school day", Mon to Fri: 218.75 mcg' in shown
    assert re.search(r"  06:00 to 07:30 +384 mcg/day \(0.768 mL/day\)", shown)
    table = thecal("alarms", "--table")
    assert table.returncode == 0
    assert all(name in table.stdout for name in ALARM_NAMES)
    assert thecal("--version").stdout == f"thecal {VERSION}\n"


def test_ports_lists_without_opening_any(capfd, monkeypatch):
    monkeypatch.setattr("thecal.ports.open_port", None)
    assert run(["ports", "--json"]) == 0
    assert isinstance(json.loads(capfd.readouterr().out), list)
    assert run(["ports"]) == 0


def test_no_command_has_help_without_an_example(capfd):
    names = [command.callback.__name__ for command in app.registered_commands if command.callback]
    assert len(names) >= 20
    for name in names:
        assert run([name, "--help"]) == 0
        shown = capfd.readouterr().out
        assert f"Example: thecal {name}" in shown.rstrip().splitlines()[-1]
        assert "--json" in shown


@pytest.mark.requirement("rounding-told")
def test_a_rounded_rate_is_told(tmp_path, capfd):
    file = tmp_path / "p.toml"
    file.write_text((EXAMPLES / "simple_continuous.toml").read_text().replace("211.9", "211.9003"))
    assert run(["program", str(file), "--show"]) == 0
    shown = capfd.readouterr().out
    assert "dose_mcg_per_day: delivered as 423801 nL/day, the whole number nearest to 423800.600" in shown


@pytest.mark.requirement("port-gone-told", "port-no-pump-told")
def test_a_port_that_does_not_exist_and_one_that_is_no_serial_port():
    missing = thecal("interrogate", port="/dev/none")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert missing.stderr == "there is no port /dev/none; `thecal ports` lists those there are\n"
    file = thecal("interrogate", "--port", __file__)
    assert (file.returncode, file.stdout) == (1, "")
    assert "is no serial port" in file.stderr


@pytest.mark.requirement("port-busy-told")
def test_a_busy_port_is_told_as_such(bench: Bench):
    with serial.Serial(bench.port, exclusive=True):
        assert f"{bench.port} is busy" in bench.refused(1, "interrogate")


@pytest.mark.requirement("port-no-pump-told")
def test_a_board_that_is_no_pump_is_told_by_what_it_says():
    near, far = os.openpty()
    command = [sys.executable, "-m", "thecal.cli", "interrogate", "--port", os.ttyname(far)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            if select.select([near], [], [], 0.05)[0]:
                os.read(near, 1_000)
                os.write(near, b"\r\n>>> ")
        assert process.stdout
        assert process.stderr
        assert process.wait() == 1
        assert process.stdout.read() == ""
        assert "is not a Thecal pump; it said" in process.stderr.read()
    os.close(near)
    os.close(far)


def at_a_terminal(port: str, *arguments: str, typed: str) -> str:
    """Return what a person sees who runs the command at a terminal and types an answer to its question."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(THECAL_PORT=port, COLUMNS="80", TERM="xterm")
        os.execv(sys.executable, [sys.executable, "-m", "thecal.cli", *arguments])
    shown = b""
    answered = False
    while True:
        try:
            shown += os.read(terminal, 4_096)
        except OSError:
            break
        if b"[y/N]" in shown and not answered:
            os.write(terminal, typed.encode() + b"\n")
            answered = True
    os.close(terminal)
    return f"{shown.decode()}\nexit {os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}"


@pytest.mark.parametrize("wrong", ["0001-01-01T00:00", "9999-12-31T23:59"])
@pytest.mark.parametrize("offset", ["+14:00", "-14:00"])
def test_a_time_at_the_ends_of_the_calendar_is_refused_like_any_other(bench: Bench, wrong, offset):
    told = bench.refused(2, "time", "--to", wrong, "--offset", offset)
    assert "is not between 2024 and 2099" in told


@pytest.mark.requirement("person-is-asked")
def test_a_person_is_asked_and_may_say_no(bench: Bench):
    declined = at_a_terminal(bench.port, "program", SIMPLE, "--reason", "a test", typed="n")
    assert declined.endswith("exit 1")
    assert bench.do(lambda model: model.controller.orders.program) is None
    accepted = at_a_terminal(bench.port, "program", SIMPLE, "--reason", "a test", typed="y")
    assert accepted.endswith("exit 0")
    assert bench.json("program", SIMPLE, "--yes", "--reason", "a test")["changed"] is False


def test_the_live_view_redraws_in_place_at_a_terminal(bench: Bench):
    shown = at_a_terminal(bench.port, "watch", "--count", "3", "--interval", "0.1", typed="")
    assert shown.endswith("exit 0")
    assert shown.count("dose now") >= 3
    # One line up, cleared, for every line but one of the view before.
    assert shown.count("\x1b[1A\x1b[2K") >= 20
