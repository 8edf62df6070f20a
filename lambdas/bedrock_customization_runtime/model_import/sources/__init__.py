"""Where models come from; each source is pinned when a run first looks, and read as a folder."""
