"""The version, written once, and the commit the firmware was built from."""

VERSION = "0.4.0"

try:
    import thecal_fw._build_info as _build_info  # pyright: ignore[reportMissingImports]

    COMMIT: str = _build_info.COMMIT
    SCHEMA_HASH: bytes = getattr(_build_info, "SCHEMA_HASH", b"")
except ImportError:
    COMMIT = "source"
    SCHEMA_HASH = b""
