"""What a Russian sentence says that a check can compare: numbers, names, negations, words."""
