"""Calibration: the volume that a head delivers a turn, found by weighing: plan, runs, estimate with its uncertainty,
findings, record.

Needs nothing beyond the package's own dependencies. What talks to a balance or to a pump lies outside.
"""
