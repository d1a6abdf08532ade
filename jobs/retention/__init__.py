"""Deletion of personal data: one candidate at a time, and drafts that nobody has touched for long."""
