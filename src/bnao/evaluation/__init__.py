"""From architectures to scores: one-shot, and the measurement of a single network."""
