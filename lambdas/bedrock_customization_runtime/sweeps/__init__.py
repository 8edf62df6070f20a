"""Sweeps: several candidates of one run, trained, compared by validation loss, one kept."""
