"""These tests look at reports in a real Chromium."""

from chromium import browser

__all__ = ["browser"]
