"""From rows to records and back: the formats that base models take, and what stands in them."""
