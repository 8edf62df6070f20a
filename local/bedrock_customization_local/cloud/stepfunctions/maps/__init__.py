"""Distributed Map: its items, its child executions, its results."""
