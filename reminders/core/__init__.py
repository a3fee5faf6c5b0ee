"""Pure rules: frozen values and functions. No clock, no environment, no randomness, no I/O; `now` is an argument."""
