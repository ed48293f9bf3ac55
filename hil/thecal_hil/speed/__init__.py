"""How much less this checkout costs than an earlier one, and what its records take: figures for ``make bench``.

- ``earlier``: the sources of an earlier commit, and a program run on them.
- ``full_cycle``: half a year on the model with its plant, before and now, with the records held against each other.
- ``edge_memory``: bytes that a rig's record takes for each edge.

Each of the last two prints its figure when it is run as a module and exits with 1 where the figure falls short.
"""
