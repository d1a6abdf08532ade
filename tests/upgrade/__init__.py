"""Upgrades keep data: databases as each release left them, migrated to the newest tables.

`python -m tests.upgrade.snapshot VERSION` writes one when a release is made; it stays for ever.
"""
