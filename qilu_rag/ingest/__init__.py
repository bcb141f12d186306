"""From files to a snapshot: load, clean, split, embed, publish."""
