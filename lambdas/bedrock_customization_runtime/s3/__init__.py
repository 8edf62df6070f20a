"""Objects and prefixes in S3: read, streamed, written, and written only over what was read."""
