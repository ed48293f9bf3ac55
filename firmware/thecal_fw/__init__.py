"""Thecal's pump controller: one package for the board and, all but ``rp2``, for CPython."""
