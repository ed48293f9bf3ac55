"""Campaigns: many pump-weeks on the model, each of a pump, a plant and a use drawn at random by its seed.

A run depends on its seed and the plan alone, so any of them can be done again, also on another rig.
"""
