"""The code that runs inside a sandbox's process, with the standard library alone."""
