"""Campaign: each command and a visit, interrupted at each step and with its line cut at each byte.

Promise: a trial begins with the very same pump, and what is said is held against what the board itself has logged.
"""
