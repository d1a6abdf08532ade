"""A confined child process for parsers, and its parent: a hostile file costs one file only."""
