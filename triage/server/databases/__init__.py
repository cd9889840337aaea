"""Django's databases, each with one thing added so that nobody waits longer than need be."""
