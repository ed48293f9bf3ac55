"""The numbers of the pump that an image is for: from the one reader of descriptions, which belongs to the host.

It needs nothing beyond the standard library, as the build.
"""

import sys
from pathlib import Path

HOST_FOLDER = Path(__file__).resolve().parents[2] / "host"
READER_FOLDER = HOST_FOLDER / "thecal/pumps"

sys.path.append(str(HOST_FOLDER))
try:
    from thecal.pumps.constants import VARIABLE, chosen, module_of
    from thecal.pumps.table import DescriptionError
finally:
    sys.path.remove(str(HOST_FOLDER))

__all__ = ["READER_FOLDER", "VARIABLE", "DescriptionError", "chosen", "module_of"]
