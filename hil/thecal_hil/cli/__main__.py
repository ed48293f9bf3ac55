"""``python -m thecal_hil.cli``: the command `thecal-hil`, where it is not installed as one."""

from thecal_hil.cli.command import main

if __name__ == "__main__":
    main()
