"""Virtual time: no more of it passes than was asked for, also where nothing at all is due."""

from thecal_sim.virtual_time import Steps, VirtualTime


def leaper(env: VirtualTime, seen: list[int]) -> Steps:
    """Do something every ten nanoseconds, without an event where it can."""
    while True:
        seen.append(env.now_ns)
        if not env.leap(env.now_ns + 10):
            yield env.timeout(10)


def test_a_process_that_leaps_goes_no_farther_than_time_is_to_pass() -> None:
    env, seen = VirtualTime(), []
    env.process(leaper(env, seen))
    for end_ns in (40, 45, 45, 60):
        env.run_until(end_ns)
        assert env.now_ns == end_ns
    assert seen == [0, 10, 20, 30, 40, 50, 60]


def test_a_process_that_leaps_sees_what_others_do_in_between() -> None:
    env, seen = VirtualTime(), []
    done: list[int] = []

    def other() -> Steps:
        yield env.timeout(25)
        done.append(len(seen))

    env.process(leaper(env, seen))
    env.process(other())
    env.run_until(60)
    assert done == [3]
