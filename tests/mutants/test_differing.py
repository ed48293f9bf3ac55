"""Observed functions do what the real ones do, and show which changes a test could have noticed."""

from types import FunctionType

import pytest

from mutants.differing import OBSERVERS, observed
from mutants.mutant import Mutant, Name

SOURCE = """
class Tank:
    def __init__(self):
        self.left = 0
        self.calls = 0

    def asked(self, value):
        self.calls += 1
        return value

    def take(self, amount, most=10):
        if self.asked(amount) < 3:
            self.left += amount
        self.last = amount
        return min(self.left, most) if 0 <= amount < 100 else -1
"""
CHANGES = {
    "until": ("amount) < 3", "amount) <= 3"),
    "least": ("min(self.left", "max(self.left"),
    "range": ("0 <= amount", "0 < amount"),
    "added": ("self.left += amount", "self.left -= amount"),
    "noted": ("self.last = amount", "pass"),
    "unseen": ("self.calls += 1\n        return value", "self.calls += 1\n        return None"),
}


def seen(*amounts: int) -> tuple[set[str], set[str], list[int], int]:
    """Take these amounts: changes that can be observed, those that differed, what was answered, calls made."""
    mutants = [
        Mutant(Name("tank", "", before, after), "", 1, SOURCE.replace(before, after))
        for before, after in CHANGES.values()
    ]
    found = observed(SOURCE, mutants)
    module: dict[str, object] = {"__name__": "tank", OBSERVERS: found.seen.observers}
    exec(compile(SOURCE, "<tank>", "exec"), module)
    tank_class = module["Tank"]
    for name, code in found.functions.items():
        function = vars(tank_class)[name.split(".")[1]]
        assert isinstance(function, FunctionType)
        function.__code__ = code
    tank = tank_class()  # pyright: ignore[reportCallIssue]
    tank.last = 0
    found.seen.begin("a test")
    answers = [tank.take(amount) for amount in amounts]
    names = list(CHANGES)
    return (
        {names[number] for number in found.observable},
        {names[number] for number, tests in found.seen.by_mutant.items() if tests == ["a test"]},
        answers,
        tank.calls,
    )


@pytest.mark.parametrize(
    ("amounts", "differing", "answers"),
    [
        ((2, 2), {"least", "added", "noted"}, [2, 4]),
        ((3,), {"until", "least", "noted"}, [0]),
        ((0,), {"least", "range"}, [0]),
        ((500,), {"noted"}, [-1]),
    ],
)
def test_a_change_differs_in_a_test_whose_values_tell_it_from_the_real_source(
    amounts: tuple[int, ...], differing: set[str], answers: list[int]
) -> None:
    observable, found, answered, _ = seen(*amounts)
    assert observable == {"until", "least", "range", "added", "noted"}
    assert found == differing
    assert answered == answers


def test_operands_are_evaluated_once_each() -> None:
    assert seen(1, 2, 3)[3] == 3
