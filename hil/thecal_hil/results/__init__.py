"""The store of results: every run that was finished, what it measured, and how runs compare over months.

A writer leaves a run as a part file of its own (``parts``); whoever asks merges the parts into one SQLite file
(``store``). What edges a run had lies beside them under their digest (``edges``). The folder holds nothing else, and
can be copied. The room knows runs as plain values (``run``): it imports nothing of the other rooms, so that each of
them may leave its results here.
"""
