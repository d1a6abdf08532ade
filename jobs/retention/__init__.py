"""Deletion of personal data: one candidate, or drafts past their retention period."""
