"""All readers of bytes there are, by their names."""

from __future__ import annotations

from thecal_hil.campaigns.readers import of_bytes, of_files
from thecal_hil.campaigns.readers.reader import Reader

READERS: dict[str, Reader] = {reader.name: reader for reader in (*of_bytes.READERS, *of_files.READERS)}
