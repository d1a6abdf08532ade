"""Text and rubric to scorecard. Plain Python: no Django, and nothing of reading."""
