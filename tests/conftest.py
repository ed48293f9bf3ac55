"""The parts that all tests share: how often properties are tried, and that a run says what it left out."""

import os
import signal

from hypothesis import HealthCheck, Phase, settings

# A shell has Ctrl-C ignored in what it runs in the background, nohup the end of the terminal, and both in all that
# this starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# Commands that tests run are no results of this checkout.
os.environ["THECAL_RESULTS"] = "none"

pytest_plugins = ["tools.left_out", "tools.without_a_compiler"]

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

# For make quick: few examples, the same each time, so that an edit alone decides what is found.
settings.register_profile("quick", max_examples=20, derandomize=True, database=None, deadline=None)

# How long a try takes says something about the machine, and nothing about the pump.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
