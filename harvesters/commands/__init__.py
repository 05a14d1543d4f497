"""The command line: options to objects, errors to one line and an exit code; no logic."""
