"""A check whether the compiled path of the emulator does what the emulator itself does: ``python -m
thecal_hil.campaigns.parity``.

Only a test of the tools: nothing that runs, verifies or flashes a pump needs this room.

- `forms`: every form of instruction of ARMv6-M; `cases`: the flags each can leave, and what a run has to have met.
- `observer.pyx` (compiled, loaded by `observing`): compares two processors after each instruction.
- `lockstep`: two emulated Picos, one on each path, run together; the first difference, down to its instruction.
- `random_programs`: programs of any instructions in any order, with interrupts, of `random_code` and `random_words`.
- `scenarios`: the library of scenarios on the shipped image, and what each half leaves behind, to the byte.
- `table`: what was met, on which path, and what is missing.
- `campaign`: all of it, with its evidence.
"""
