"""Stored things read back. Nothing here writes."""
