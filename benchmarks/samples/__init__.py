"""The people of the sample drafts and the pens that draw their résumés."""
