"""The contract between serving requests and the link. Read by people and by the type checker only."""

from typing import Protocol

from thecal_fw.link.frames import FrameReader


class LinkCounts(Protocol):
    reader: FrameReader
    replies_dropped: int
