"""Measuring: cases, metrics, runs. Nothing in the package imports this but `qilu eval`."""
