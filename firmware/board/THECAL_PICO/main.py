"""Starts the pump controller when the board is powered."""

from thecal_fw.main import main

main()
