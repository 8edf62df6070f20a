"""What `init` does: an app for a use case, written into a folder, that synthesizes at once."""
