"""Counts of a span of days, as pictures and tables."""
