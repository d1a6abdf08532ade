"""Files that hold files: ZIP archives, packages of XML parts, OLE compound files."""
