"""The command `thecal-hil`."""
