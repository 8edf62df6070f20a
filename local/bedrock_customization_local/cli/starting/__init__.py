"""What `start` does: data held against a pipeline's settings, uploaded, and named to a run."""
