"""What the text of a résumé alone can tell: who wrote it, its language, sections and kind."""
