"""From a question to passages: understand, find by meaning, words and names, fuse."""
