"""Amazon States Language as text and data: definitions, queries, choices, retries. Runs nothing."""
