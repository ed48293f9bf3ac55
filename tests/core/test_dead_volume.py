"""A program names the version of the dead volume it was made with, and the pump takes no other one."""

import pytest

from core.test_boluses import a_program, faults_of
from thecal_fw.core.dead_volume import DEAD_VOLUME_ID
from thecal_fw.core.program import Bridge

BRIDGE = Bridge(60, 424_000)
ANOTHER = DEAD_VOLUME_ID + 1


@pytest.mark.requirement("dead-volume-named")
@pytest.mark.parametrize("named", [0, ANOTHER, 0xFFFF])
def test_a_catheter_with_another_version_of_the_dead_volume_is_refused(named: int):
    assert faults_of(a_program(catheter_nl=150_000, dead_volume_id=DEAD_VOLUME_ID)) == []
    (fault,) = faults_of(a_program(catheter_nl=150_000, dead_volume_id=named))
    assert fault.startswith(f"dead_volume_id is {named}")


@pytest.mark.requirement("dead-volume-of-bridge")
@pytest.mark.parametrize("named", [0, ANOTHER, 0xFFFF])
def test_a_bridge_with_another_version_of_the_dead_volume_is_refused(named: int):
    assert faults_of(a_program(bridge=BRIDGE, dead_volume_id=DEAD_VOLUME_ID)) == []
    (fault,) = faults_of(a_program(bridge=BRIDGE, dead_volume_id=named))
    assert fault.startswith(f"dead_volume_id is {named}")


@pytest.mark.requirement("dead-volume-named")
def test_a_program_without_bridge_and_catheter_names_any_version():
    assert faults_of(a_program(dead_volume_id=ANOTHER)) == []
