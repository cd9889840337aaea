"""Footpath without one of its guards: settings with which a proof has to fail."""
