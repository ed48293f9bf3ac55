"""``thecal-hil trumpet-speed``: how long a trumpet curve takes over a day of half-minute samples."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

import numpy as np

from thecal_sim.metrics.trumpet import STANDARD, trumpet
from thecal_sim.metrics.volume import at_constant_rate

_SEED = 20_260_101
_SAMPLES = 2_880
_RUNS = 50
_RATE_NL_PER_DAY = 424_000


def main(argv: Sequence[str]) -> int:
    argparse.ArgumentParser(prog="thecal-hil trumpet-speed", description=__doc__).parse_args(argv)
    due_nl = at_constant_rate(_RATE_NL_PER_DAY, STANDARD.sample_s, _SAMPLES)
    noise_nl = np.random.default_rng(_SEED).normal(0.0, 1.0, _SAMPLES + 1)
    volume_nl = np.maximum.accumulate(due_nl + noise_nl)
    curve = trumpet(volume_nl, due_nl, STANDARD.sample_s, STANDARD.windows_s)
    took_ms = []
    for _ in range(_RUNS):
        began = time.perf_counter()
        trumpet(volume_nl, due_nl, STANDARD.sample_s, STANDARD.windows_s)
        took_ms.append(1e3 * (time.perf_counter() - began))
    print(
        f"trumpet over 24 h of {_SAMPLES:,} samples (seed {_SEED}): {min(took_ms):.3f} ms at best, "
        f"{max(took_ms):.3f} ms at worst of {_RUNS} runs; overall error {curve.overall_percent:+.4f} %"
    )
    return 0
