"""The practice pump, ``thecal demo``: a pump without hardware, found and used like a board."""
