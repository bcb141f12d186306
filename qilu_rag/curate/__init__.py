"""The corpus's own workshop: original texts, checks of every entry, and statistics."""
