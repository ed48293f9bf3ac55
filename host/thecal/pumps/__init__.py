"""The pump on the bench as one file describes it: read strictly, with what follows from it worked out exactly.

Needs nothing but the standard library, so that the build, the model and the oracle read the same file the same way.
"""
