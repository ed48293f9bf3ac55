"""Lies to the host: each way of them is refused or reported, and one that is believed would be found."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import pytest

from thecal_hil.campaigns.attack.lies import WAYS, lie, lies, prepared

ROOT = Path(__file__).parents[2]


def test_a_sample_of_every_way_to_lie_gets_no_change_and_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    tried, wrong = lies(0, 3 * len(WAYS))
    assert wrong == []
    assert dict(tried) == dict.fromkeys(WAYS, 3)


@pytest.mark.parametrize("way", ["makes up its proof", "shows the host's proof", "shows a recorded proof"])
def test_a_host_that_takes_any_proof_for_right_is_found_out(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    stage, recorded = prepared()
    with mock.patch("thecal.proof.authentication.are_equal", return_value=True):
        assert any("was asked for" in line for line in lie(stage, way, 1, recorded))
