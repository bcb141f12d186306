"""The page: what readers see and use, in the browser. Shows `Reply` and its parts alone."""
