"""Templates on this machine, held against the rules: found, checked, told."""
