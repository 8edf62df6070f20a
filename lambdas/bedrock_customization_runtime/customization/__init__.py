"""Customization jobs: what is checked before one is paid, how it is watched, what it tells."""
