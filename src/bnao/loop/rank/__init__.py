"""``bnao rank``: a sample of a run's pool trained alone, to measure how far the one-shot ranking can be trusted."""
