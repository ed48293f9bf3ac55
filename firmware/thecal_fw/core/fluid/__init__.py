"""Conclusions about what came out, from pressure, weight and the driver's word.

Each sensor is distrusted: its readings are judged by ``sensor_watch`` first, and only what passes is concluded from.
Integers only, and nothing here allocates once it is made. Not yet wired into the controller.
"""
