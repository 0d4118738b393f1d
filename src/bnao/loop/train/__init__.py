"""``bnao train``: one architecture trained alone, in full, and measured on test data."""
