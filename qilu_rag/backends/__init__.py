"""One small file for each outside engine, and the fakes that stand in for them."""
