"""What holds for every possible answer set: proved, counted, compared and attacked, never sampled."""
