"""The plugin of pytest: fixtures, markers and options. `entry` is what the installed package names."""
