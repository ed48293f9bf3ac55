"""``python -m thecal.cli``: the command where its script is not installed."""

from thecal.cli import main

main()
