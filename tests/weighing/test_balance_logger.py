"""The logger of a balance: what a simulated balance shows is in a file that ``thecal weigh`` reads."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from thecal.cli import run
from thecal_hil.instruments.simulated_balance import MtSics, SimulatedBalance
from thecal_hil.instruments.weighing.logger import log_balance
from thecal_hil.instruments.weighing.record_file import read_record


class Pan:
    """A vessel that fills by 1 mg from look to look."""

    def __init__(self) -> None:
        self.looks = 0

    def reading_g(self, _t_ns: int) -> tuple[float, bool]:
        self.looks += 1
        return 12.0 + 0.001 * self.looks, True


@pytest.fixture
def balance() -> Iterator[SimulatedBalance]:
    with SimulatedBalance(MtSics(Pan(), serial_number="B123456789")) as balance:
        yield balance


def test_every_reading_is_in_the_file_at_its_time(balance: SimulatedBalance, tmp_path: Path) -> None:
    file, now = tmp_path / "mass.csv", [100.0]

    def pause(seconds: float) -> None:
        now[0] += seconds

    assert log_balance(file, balance.path, 10.0, 5, 9_600, now_s=lambda: now[0], pause=pause) == 5
    record = read_record(file)
    assert record.time_s == [0.0, 10.0, 20.0, 30.0, 40.0]
    assert record.units == ("s", "g")
    assert record.mass_g[-1] - record.mass_g[0] == pytest.approx(0.004, abs=1e-6)
    assert "serial number B123456789" in file.read_text("utf-8").splitlines()[0]


def test_a_file_that_is_there_is_not_written_over_and_a_port_that_is_not_leaves_none(tmp_path: Path) -> None:
    file = tmp_path / "mass.csv"
    for text, code, message in (
        (None, 1, "can't be opened"),
        ("mine", 2, "is there already; name another file"),
    ):
        if text is not None:
            file.write_text(text, encoding="utf-8")
        err = io.StringIO()
        with contextlib.redirect_stderr(err):
            assert run(["balance", str(file), "--balance", str(tmp_path / "no-port")]) == code
        assert message in err.getvalue()
        assert file.exists() == (text is not None)
    assert file.read_text("utf-8") == "mine"
