"""E-mail messages (.eml, .msg) and what is attached to them."""
