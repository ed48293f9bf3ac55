"""The cost of this checkout beside an earlier one's, and what its records take: figures for ``make speed``.

- ``catalogue``: every figure, how good it has to be, and what takes it.
- ``earlier``: the sources of an earlier commit, and a program run on them.
- ``pico``: the emulated board at each rate and through a boot, and with a flash cache that misses; ``timed_pico`` and
  ``earlier_image`` are the programs that it runs.
- ``full_cycle``: half a year on the model with its plant, before and now, with the records held against each other;
  ``timed_full_cycle`` is its program.
- ``whole_commands``: `make verify` and `make test`.
- ``edge_memory``: bytes that a rig's record takes for each edge.

``full_cycle`` and ``edge_memory`` print their figure when run as modules and exit with 1 where it falls short.
"""
