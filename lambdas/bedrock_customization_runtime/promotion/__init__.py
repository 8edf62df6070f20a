"""Whether a candidate goes live, and the alias that then points at it."""
