"""Simulated heads with a hidden truth, calibrated by the product from nothing but the files that a person would
have."""
