"""The firmware's conclusions about the fluid, held against plant and sensors: ``python -m thecal_sim.fluid``."""
