"""The version, written once, and the commit the firmware was built from."""

VERSION = "0.1.0"

try:
    from thecal_fw._build_info import COMMIT
except ImportError:
    COMMIT = "source"
