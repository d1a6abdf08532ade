"""OpenDocument text (.odt, .fodt)."""
