"""What pytest gets of the rigs: fixtures, markers and options. `entry` is what the installed package names."""
