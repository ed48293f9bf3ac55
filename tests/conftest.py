"""What all tests share: a course of therapy on the rig under test."""

import pytest

from thecal_hil.course import Course
from thecal_hil.rig import Rig


@pytest.fixture
def course(rig: Rig) -> Course:
    """A host at the pump of the rig under test, which is on, stopped and has no program yet."""
    return Course(rig)
