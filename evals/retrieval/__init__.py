"""`qilu eval retrieval`: how often the right passage comes first, and what each part is worth."""
