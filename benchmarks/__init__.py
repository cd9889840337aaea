"""What Footpath costs, held against what people would pick instead: `python3 dev.py bench`.

Figures are exact counts, or ratios of two things that ran in turn in one process. A bare number of seconds says
more about the machine than about Footpath, so it is told only where a goal is in seconds, with the ratio beside it.
"""
