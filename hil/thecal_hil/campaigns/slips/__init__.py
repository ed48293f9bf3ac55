"""Slips of people: whether the rules of the host library catch them, let right changes pass, and print right dates."""
