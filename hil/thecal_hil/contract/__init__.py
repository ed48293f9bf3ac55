"""The contract of a rig, whatever the pump runs on: its port, its clock, its edges, its faults, the image under test
and the checks at the end. Whoever writes a scenario, a rig or an instrument needs this room and no other."""
