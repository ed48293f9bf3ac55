"""The figures of the field for how well a pump delivers: start-up, trumpet, boluses, hours, occlusion, dose at the
tip.

Everything works on plain arrays: instants of pulses in nanoseconds, or volume sampled at even intervals, whether worked
out from pulses (``volume.from_pulses``), weighed (``volume.from_mass``) or both (``volume.from_both``). What was
prescribed goes in as volume at the same instants, so a day with many rates is judged like one with a single rate.
"""
