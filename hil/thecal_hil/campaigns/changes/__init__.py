"""The net under changes: the shipped image under every request, at any instant, on boards as slow as silicon.

``life`` is one board's life under requests placed around what its processor can't put off; ``history`` is what ideally
comes of it; ``campaign`` counts lives until the figures are reached; ``case`` is a life, or a sequence of faults, as a
file that runs again; ``fault_sequences`` does the same to the model with faults, and asks other questions. ``spikes``
and ``resets`` are rounds of their own on such boards.
"""
