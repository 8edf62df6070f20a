"""What people read about a run, from its manifest alone: an HTML page and a few lines of text."""
