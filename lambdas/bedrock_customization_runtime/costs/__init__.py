"""What a run costs, item by item, and whether it may: estimated once its data are prepared.

Quantities come from the prepared data, prices from the catalogue. A price that nobody stated is
unknown, never zero and never guessed (docs/costs.md has the formulas, and what is left out)::

    quantities ─► items ─► estimate ─► budget
                                  └──► words

What a training alone costs, which the data engine says without a run, is `datasets.training_cost`.
"""
