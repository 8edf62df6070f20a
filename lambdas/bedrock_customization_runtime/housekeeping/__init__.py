"""Housekeeping: what runs left, found by tag and by record, and taken away by rule.

A round looks first (`inventory`, `leftovers`), judges by pure rules (`rules`), and then takes away
(`removal`) what they name, each after a second look at whether it is used by now. The scheduled
function and the command line both run `rounds.run`.
"""
