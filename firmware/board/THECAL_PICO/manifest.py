"""The modules that are frozen into the image: the controller, its start-up, and the port's own ``rp2`` module.

Files are listed in sorted order, since the image's layout follows it and a folder's own order differs from one
file system to the next.
"""

import os

STAGING = os.environ["THECAL_STAGING"]

module("rp2.py", base_path="$(PORT_DIR)/modules")
for folder, folders, names in os.walk(STAGING):
    folders.sort()
    for name in sorted(names):
        path = os.path.relpath(os.path.join(folder, name), STAGING)
        module(path, base_path=STAGING)
