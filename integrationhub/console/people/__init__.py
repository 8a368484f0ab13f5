"""People and what they may do for which brand."""
