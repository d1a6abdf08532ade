"""What the views of both apps share: words, marked text, table cells and parts that refresh."""
