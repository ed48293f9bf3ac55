"""Requests of every kind in an order that chance gives, with values that are right, wrong and at their limits.

Promises: the same seed makes the same requests. What is asked for leaves the pump delivering: a stop is followed by a
start, and a request to leave the program comes only while it is refused. A kind that only reads need not be named here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

from thecal.alarm_sets import EVERY_ALARM
from thecal_fw.core.alarm_sets import SET_BYTES
from thecal_fw.core.limits import BENCH_LIMITS
from thecal_fw.link import messages
from thecal_fw.link.messages import Message
from thecal_hil.course.request_values import any_values

_FULL_NL = max(BENCH_LIMITS.reservoirs_nl)
_YEAR_S = 365 * 86_400

Request = tuple[Message, tuple[Any, ...], bytes]


class Requests:
    """An endless row of requests to a pump that delivers the program of a digest. digest: of its present program."""

    def __init__(self, seed: int, utc_s: int) -> None:
        self.digest = bytes(32)
        self._chance = Random(seed)
        self._utc_s = utc_s
        self._kinds: dict[Message, Callable[[], tuple[Any, ...]]] = {
            messages.READ_PROGRAM: lambda: (self._chance.randrange(2), self._chance.randrange(4_000)),
            messages.STAGE_BEGIN: lambda: (self._chance.choice((0, 119, 207, 3_493, 3_494)),),
            messages.STAGE_DATA: lambda: (self._chance.choice((0, 0, 200, 3_400)),),
            messages.STAGE_CHECK: lambda: (self._chance.choice((0, 0, 6)),),
            messages.COMMIT: lambda: (self._chance.randbytes(32),),
            messages.START: lambda: (self.digest,),
            messages.REFILL: lambda: (
                self._chance.choice((0, 30_000_000, _FULL_NL, _FULL_NL, _FULL_NL + 1)),
            ),
            messages.SET_TIME: self._time,
            messages.ACKNOWLEDGE: lambda: (
                self._chance.choice((bytes(SET_BYTES), EVERY_ALARM, self._chance.randbytes(SET_BYTES))),
            ),
            messages.READ_LOG: lambda: (self._chance.choice((0, self._chance.randrange(20_000))),),
            messages.CHECK_BOLUS: self._bolus,
            messages.GIVE_BOLUS: lambda: (self._chance.choice((self.digest, bytes(32))), *self._bolus()),
            messages.CANCEL_BOLUS: lambda: (self._chance.randrange(2),),
            messages.RENEW_PART: lambda: (self._chance.randrange(4),),
            messages.CHECK_TONE: lambda: (self._chance.randrange(3),),
            messages.BOOTLOADER: tuple,
            messages.PROMPT: tuple,
            messages.CHALLENGE: lambda: (self._chance.randrange(3),),
            messages.AUTHENTICATE: lambda: (1, self._chance.randbytes(16), self._chance.randbytes(16)),
            messages.PAIR: lambda: (self._chance.randrange(3), self._chance.randbytes(32)),
            messages.SIGN_OFF: tuple,
        }
        for message in messages.MESSAGES:
            if not message.changes and message is not messages.HELLO:
                self._kinds.setdefault(message, partial(any_values, message, self._chance))
        self.kinds = tuple(self._kinds)

    def next(self) -> Request:
        message = self._chance.choice(self.kinds)
        tail = self._chance.randbytes(self._chance.randrange(200)) if message.request.has_tail else b""
        return message, self._kinds[message](), tail

    def pause_s(self) -> float:
        """Return how long the host waits before its next request."""
        return self._chance.choice((0.0, 0.0, 0.3, 1.1, 2.6, 2.6))

    def _time(self) -> tuple[int, int, int]:
        utc_s = self._utc_s + self._chance.choice((0, 0, self._chance.randrange(7_200), _YEAR_S))
        return utc_s, self._chance.randrange(1_000_000), self._chance.choice((0, 60, 120))

    def _bolus(self) -> tuple[int, int, int]:
        kind, rate = (
            self._chance.randrange(5),
            self._chance.choice((0, 900_000, 2_000_000, BENCH_LIMITS.most_rate_nl_per_day)),
        )
        return kind, rate, self._chance.choice((60, 300, 43_200, 43_201))
