"""What runs on a person's machine: the command line and the embedded AWS."""
