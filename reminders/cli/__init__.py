"""The command line: one door for people and programs on this machine."""
