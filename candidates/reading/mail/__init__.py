"""E-mail messages (.eml, .msg) and their attachments."""
