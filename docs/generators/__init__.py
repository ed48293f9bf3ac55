"""Generators of the documents' parts and drawings; ``docs/generate.py`` runs them."""
