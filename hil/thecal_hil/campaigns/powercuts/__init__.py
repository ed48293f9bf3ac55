"""The power-cut campaign: the whole pump on a simulated flash, cut at every operation and again while it recovers."""
