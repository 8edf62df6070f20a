"""The phases of a run, each a construct that chains like a state."""
