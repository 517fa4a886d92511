"""Measuring the checks on labelled pairs: the sets, the figures, the page."""
