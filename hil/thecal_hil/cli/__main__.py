"""``python -m thecal_hil.cli``: the command `thecal-hil`, where it is not installed as one."""

from thecal_hil.cli.entry import main

main()
