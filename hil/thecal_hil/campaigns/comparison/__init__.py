"""This firmware's step timing beside what a dev board's usual means give, on the same board under the same load.

The rivals are written as a careful user of MicroPython would write them: the next pulse from the last due time and
never from "now", the log kept by appending to a file. ``thecal-hil comparison`` runs them all
and prints
ratios.
"""
