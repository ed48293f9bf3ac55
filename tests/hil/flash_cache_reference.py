"""The RP2040's flash cache, slowly, from its description; what the compiled model is held against.

RP2040 datasheet 2.6.3.1: 16 kB, two ways, a 24 bit address space seen through four mirrors: 0x10 looks and allocates,
0x11 looks and does not allocate, 0x12 does not look and allocates, 0x13 neither. 2.6.3.2: 8 bytes a line, 1,024 sets.
A line is two words, each valid or not: a miss fills both, or with `by_words` the one that was asked for.
"""

from __future__ import annotations

LINE_BYTES = 8
WORD_BYTES = 4
SETS = 16 * 1024 // LINE_BYTES // 2
WAYS = 2
MIRROR_BYTES = 1 << 24


class Xorshift32:
    """Marsaglia's generator with shifts 13, 17, 5 (Journal of Statistical Software 8(14), 2003)."""

    def __init__(self, state: int) -> None:
        self.state = state

    def top_bit(self) -> int:
        self.state ^= (self.state << 13) % 2**32
        self.state ^= self.state >> 17
        self.state ^= (self.state << 5) % 2**32
        return self.state // 2**31


class Line:
    def __init__(self, number: int) -> None:
        self.number = number
        self.words: set[int] = set()


class ReferenceCache:
    def __init__(self, miss_cycles: int, *, by_words: bool = False, random_state: int | None = None) -> None:
        """`random_state` makes the way to replace a matter of chance; without it, the one used longest ago goes."""
        self.miss_cycles = miss_cycles
        self.is_enabled = True
        self._by_words = by_words
        self._random = None if random_state is None else Xorshift32(random_state)
        self.flush()

    def flush(self) -> None:
        self._ways: dict[tuple[int, int], Line] = {}
        self._used: dict[tuple[int, int], int] = {}
        self._accesses = 0

    def cycles(self, address: int) -> int:
        """Return what one access of up to a word waits."""
        mirror, offset = divmod(address - 0x1000_0000, MIRROR_BYTES)
        looks, allocates = mirror in (0, 1), mirror in (0, 2)
        self._accesses += 1
        number, word = offset // LINE_BYTES, offset % LINE_BYTES // WORD_BYTES
        chosen = number % SETS
        if not self.is_enabled:
            return self.miss_cycles
        found = [
            (chosen, way)
            for way in range(WAYS)
            if (chosen, way) in self._ways and self._ways[chosen, way].number == number
        ]
        if looks and found and word in self._ways[found[0]].words:
            self._used[found[0]] = self._accesses
            return 0
        if allocates:
            place = found[0] if found else self._replaced(chosen)
            if not found:
                self._ways[place] = Line(number)
            self._ways[place].words |= {word} if self._by_words else {0, 1}
            self._used[place] = self._accesses
        return self.miss_cycles

    def _replaced(self, chosen: int) -> tuple[int, int]:
        for way in range(WAYS):
            if (chosen, way) not in self._ways:
                return chosen, way
        if self._random is not None:
            return chosen, self._random.top_bit()
        return min(((chosen, way) for way in range(WAYS)), key=lambda place: self._used[place])
