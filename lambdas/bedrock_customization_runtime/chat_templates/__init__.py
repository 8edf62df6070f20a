"""Judges chat templates, which are programs of strangers: in a sandbox, in a process with limits.

Apart from `weights`, which asks for verdicts, so that the process starts without importing it.
"""
