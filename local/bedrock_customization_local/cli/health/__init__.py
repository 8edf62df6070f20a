"""What `doctor` does: everything that would stop a run, found before it, with what to do."""
