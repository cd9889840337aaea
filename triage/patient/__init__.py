"""The patient's door: the pages somebody in pain sees, along the journey."""
