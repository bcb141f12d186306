"""Measures the gate: personal data, variants of harmful sentences, and what is harmless."""
