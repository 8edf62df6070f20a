"""What is wrong with records and data sets, and how that is kept and said; `rules` names it."""
