"""Therapy decisions: program, schedule, metering, reservoir and alarms.

Pure: no input or output, no clock, nothing of the board. Time and counts come in as arguments, decisions go
out as values, and every module gives the same results on CPython and on MicroPython. Integers only.
"""
