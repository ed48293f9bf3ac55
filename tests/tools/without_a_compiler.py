"""pytest plugin: where the emulator has no compiled part, tests that need its model of the flash cache are skipped.

Each such test names a board on which misses cost something. It is skipped with that reason, which `left_out` prints
with the number of tests. Where the compiled part is there, a board that is refused fails its test as any error does.
"""

from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Generator[None]:
    return (yield from _skipping())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None]:
    return (yield from _skipping())


def _skipping() -> Generator[None]:
    try:
        return (yield)
    except Exception as error:
        if not _is_for_want_of_a_compiler(error):
            raise
    pytest.skip("the emulator's compiled part is missing, and its model of the flash cache with it")


def _is_for_want_of_a_compiler(error: Exception) -> bool:
    from thecal_hil.emulator import compiled
    from thecal_hil.emulator.flash_window import NoCacheModelError

    return isinstance(error, NoCacheModelError) and not compiled.is_wanted()
