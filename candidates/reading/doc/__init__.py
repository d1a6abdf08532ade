"""Word files before .docx (.doc): [MS-DOC]."""
