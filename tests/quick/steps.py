"""Steps of a check: commands that run side by side, with what they print kept until it is wanted."""

import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

SIDE_BY_SIDE = 2


@dataclass(frozen=True)
class Step:
    """A command by its name. succeeds_with: the exit codes that are no failure."""

    name: str
    command: tuple[str, ...]
    succeeds_with: tuple[int, ...] = (0,)


@dataclass(frozen=True)
class Outcome:
    """The outcome of a step, and the seconds it took by the clock."""

    step: Step
    code: int
    output: str
    seconds: float

    @property
    def passed(self) -> bool:
        return self.code in self.step.succeeds_with


def run_steps(
    steps: Iterable[Step], folder: Path, environment: Mapping[str, str], at_once: int = SIDE_BY_SIDE
) -> Iterator[Outcome]:
    """Run steps, begun in their order and some at a time; yield outcomes as they come."""
    with ThreadPoolExecutor(at_once) as pool:
        for done in as_completed([pool.submit(_run, step, folder, environment) for step in steps]):
            yield done.result()


def _run(step: Step, folder: Path, environment: Mapping[str, str]) -> Outcome:
    began = time.perf_counter()
    done = subprocess.run(
        step.command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return Outcome(step, done.returncode, done.stdout, time.perf_counter() - began)
