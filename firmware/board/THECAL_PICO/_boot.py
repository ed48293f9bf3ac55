"""Runs before anything else on the board, and mounts no file system.

The flash beyond the firmware belongs to the pump's journal. A file system there could hold a leftover ``boot.py`` or
a folder ``thecal_fw`` that would run in place of the frozen, tested firmware; without one, nothing can.
"""
