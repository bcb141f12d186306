"""Text in Chinese and English: folding, sentences, words. No rules of the trade in here."""
