"""Facts that the text of a résumé alone gives: its author, language, sections and kind."""
