# A FIFO of a state machine, with the interface of rp2040py.utils.fifo.FIFO.

cdef class Fifo:
    cdef unsigned int _words[8]
    cdef unsigned int _start, _used, _size

    def __cinit__(self, unsigned int size):
        if size > 8:
            raise ValueError(f"size: {size} is more than 8")
        self._size = size

    cdef void put(self, unsigned int value) noexcept:
        if self._used < self._size:
            self._words[(self._start + self._used) % self._size] = value
            self._used += 1

    cdef unsigned int take(self) noexcept:
        cdef unsigned int value
        if not self._used:
            return 0
        value = self._words[self._start]
        self._start = (self._start + 1) % self._size
        self._used -= 1
        return value

    def push(self, value):
        self.put(<unsigned int> (value & 0xFFFFFFFF))

    def pull(self):
        return self.take()

    def peek(self):
        return self._words[self._start] if self._used else 0

    def reset(self):
        self._used = 0

    @property
    def size(self):
        return self._size

    @property
    def item_count(self):
        return self._used

    @property
    def empty(self):
        return self._used == 0

    @property
    def full(self):
        return self._used == self._size

    @property
    def items(self):
        return [self._words[(self._start + i) % self._size] for i in range(self._used)]
