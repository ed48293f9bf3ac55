"""The modules that a stock board's image freezes: the port's own and asyncio, nothing of ours."""

import os

PORT_MODULES = os.path.join(os.environ["THECAL_MICROPYTHON"], "ports/rp2/modules")

for name in sorted(os.listdir(PORT_MODULES)):
    if name.endswith(".py"):
        module(name, base_path=PORT_MODULES)
include("$(MPY_DIR)/extmod/asyncio")
