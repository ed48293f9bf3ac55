"""Sequences of everything that can be asked of a pump or happen to it, each held step by step against the reference of
therapy (``thecal_sim.therapy``) and against the pulses, on any rig.

``thecal-hil doses FILE`` runs one sequence again; ``make doses`` runs a million steps.
"""
