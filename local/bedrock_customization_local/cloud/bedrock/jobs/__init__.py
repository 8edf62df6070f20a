"""Customization and evaluation jobs: requested, run as their role, really trained or judged."""
