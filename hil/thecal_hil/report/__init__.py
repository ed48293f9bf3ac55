"""The report of a verification run: one page for a reviewer, and the same for programs.

``writing.write`` leaves in a folder:

- ``report.html``: self-contained, for screen and paper;
- ``results.json``, ``junit.xml``, ``results.parquet``: the figures;
- ``edges/NAME.parquet``: every edge of each run; ``waves/NAME.vcd``: the same as waveforms.

Promise: two reports of the same records differ in one place, the date in the page; nothing is loaded from anywhere.
"""
