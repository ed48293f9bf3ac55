"""Figures that are declared before they are taken, and which test stands for which requirement."""
