"""Sensors of what came out, as a bench builder buys them: noise, drift, delay, and what goes wrong with them.

Each turns what the plant truly does into what would stand on a pin or in a register. Their figures are of data sheets'
kind and assumptions, and shared with no decision of the firmware. Everything follows from a seed and the instants.
"""
