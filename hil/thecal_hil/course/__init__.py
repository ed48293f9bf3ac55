"""Therapy on a rig: what a host does to a pump, what ideally comes of it, and what trouble the link can have."""
