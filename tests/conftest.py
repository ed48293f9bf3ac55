"""What all tests share: a course of therapy on the rig under test."""

import pytest
from hypothesis import HealthCheck, Phase, settings

from thecal_hil.course import Course
from thecal_hil.rig import Rig

# For many short runs on changed sources (make mutants): the same few examples each time, and the first failure is
# enough, so none is made smaller.
settings.register_profile(
    "mutants",
    max_examples=25,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def course(rig: Rig) -> Course:
    """A host at the pump of the rig under test, which is on, stopped and has no program yet."""
    return Course(rig)
