"""Whether every sentence rests on a source, and is no stronger than it."""
