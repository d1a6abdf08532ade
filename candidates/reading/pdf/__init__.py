"""PDF: pypdfium2 first, pdfminer.six where that finds no text."""
