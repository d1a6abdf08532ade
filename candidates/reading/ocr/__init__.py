"""Text recognition: pages and pictures through tesseract."""
