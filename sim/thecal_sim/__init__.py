"""The simulated plant, the ideal delivery, and the measures of how far the two are apart."""
