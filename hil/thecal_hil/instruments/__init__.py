"""Drivers for what stands on a bench beside the pump: a balance, a logic analyser, an edge-timing probe."""
