"""Footpath: answers about foot pain, sorted before the appointment, with the source of every sentence."""

__version__ = "0.2.0"
