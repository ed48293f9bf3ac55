"""The changes that a host has asked pumps for, and what became of each: done, or not known.

Written by ``Link`` as requests go out and answers come in, and read by whoever has to account for a run that ended
early. What was refused, or never left, is not in it: the pump is as it was.
"""

from __future__ import annotations

_WORDS = {
    "commit": "the new program was committed",
    "start": "delivery was started",
    "stop": "delivery was stopped",
    "refill": "the refill was recorded",
    "set_time": "the pump's clock was set",
    "acknowledge": "alarms were acknowledged",
    "give_bolus": "the bolus was given",
    "cancel_bolus": "the bolus was ended",
    "renew_part": "the new part was recorded",
    "check_tone": "the tones were sounded",
    "bootloader": "the pump was sent to its boot loader",
    "prompt": "the pump was sent to its prompt",
    "pair": "the pump was given the new key",
}
"""Of each request that changes what a person would ask about; staging and proofs leave nothing behind."""


class Changes:
    """done, in_doubt: in words, in their order. in_flight: what is under way and neither yet; empty if nothing is."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.in_doubt: list[str] = []
        self.in_flight = ""

    def may_go_on(self) -> None:
        """Return before each request, or raise where no further one is wanted."""

    def begin(self, request: str) -> None:
        """Note that a request of this name is about to leave."""
        self.begin_in_words(_WORDS.get(request, ""))

    def begin_in_words(self, words: str) -> None:
        self.in_flight = words

    def is_done(self) -> None:
        self._end(self.done)

    def is_refused(self) -> None:
        self.in_flight = ""

    def is_doubtful(self) -> None:
        self._end(self.in_doubt)

    def is_in_doubt(self, request: str) -> bool:
        return _WORDS[request] in self.in_doubt

    def has_done(self, request: str) -> bool:
        return _WORDS[request] in self.done

    def resolve(self, request: str, *, was_done: bool) -> None:
        """Note that what was in doubt has been found out."""
        self.in_doubt.remove(_WORDS[request])
        if was_done:
            self.done.append(_WORDS[request])

    def _end(self, among: list[str]) -> None:
        if self.in_flight:
            among.append(self.in_flight)
        self.in_flight = ""

    def account(self) -> str:
        """Return sentences for a person, the doubt last with how to resolve it; empty if nothing was asked for."""
        sentences: list[str] = []
        if self.done:
            sentences.append(f"Done by then: {'; '.join(self.done)}.")
        doubt = [*self.in_doubt, *([self.in_flight] if self.in_flight else [])]
        if doubt:
            sentences.append(
                f"NOT KNOWN whether {'; '.join(doubt)}: look with `thecal interrogate` and `thecal log` before you do"
                " it again."
            )
        return " ".join(sentences)
