"""Sequences that are played in copies of a rig's process meet what they would meet on a rig of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from thecal_hil.campaigns.doses.player import Player, ViolationError
from thecal_hil.campaigns.doses.sequence import read_sequence
from therapy.started import Booted, Fresh

EVERYDAY = read_sequence(Path(__file__).parent / "cases/everyday_requests_and_resets.toml")


def test_a_copy_plays_a_sequence_as_a_rig_of_its_own_and_leaves_nothing_behind() -> None:
    rigs = Booted("model")
    assert rigs.failure_of(EVERYDAY) is None
    assert rigs.failure_of(EVERYDAY) is None
    rigs.close()


def test_a_copy_fails_where_a_rig_of_its_own_does(monkeypatch: pytest.MonkeyPatch) -> None:
    def differ(self: Player, number: int, what: str) -> None:
        if number == 2:
            raise ViolationError(number, what, ["a difference"])

    monkeypatch.setattr(Player, "_look", differ)
    rigs = Booted("model")
    assert rigs.failure_of(EVERYDAY) == Fresh("model").failure_of(EVERYDAY) == (2, "a difference")
    rigs.close()


def test_a_copy_that_ends_without_a_word_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    def fall(self: Player, number: int, what: str) -> None:
        raise SystemExit

    monkeypatch.setattr(Player, "_look", fall)
    rigs = Booted("model")
    with pytest.raises(RuntimeError, match="not played to its end"):
        rigs.failure_of(EVERYDAY)
    rigs.close()
