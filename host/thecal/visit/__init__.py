"""A visit to the clinic as a sequence of steps, guided or scripted: what is done, in which order, and what was done."""
