"""Tools for those who keep the corpus; no part of the installed package."""
