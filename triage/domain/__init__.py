"""What the questionnaire asks, what the answers mean and what is said: pure Python, standard library only."""
