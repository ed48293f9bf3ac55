"""The types that the firmware takes for bytes. Read by people and by the type checker only; nothing imports it at run
time."""

Octets = bytes | bytearray | memoryview
Writable = bytearray | memoryview
