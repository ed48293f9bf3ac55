"""The pump's memory over power cuts: state, program and events in raw NOR flash, over ``Flash`` of ports.py."""
