"""Verification scenarios: written down in files, run on any rig that can do what they need, kept as records."""
