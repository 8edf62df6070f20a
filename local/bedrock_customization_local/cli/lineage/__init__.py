"""What `verify` does: the versions of a manifest, its key and its files, found and checked."""
