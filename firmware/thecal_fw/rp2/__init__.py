"""The board: everything that touches the RP2040's peripherals, and nothing that decides about therapy.

Each module keeps one promise of ``thecal_fw.ports``. Only ``pins`` can be imported anywhere else.
"""
