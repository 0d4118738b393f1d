"""``bnao verify``: whether a run folder is whole, and whether its figures come out again."""
