"""Word files of today (.docx): ECMA-376."""
