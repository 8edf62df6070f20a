"""What `demo` does: the user's app, deployed on the embedded AWS, run and followed."""
