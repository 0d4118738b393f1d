"""``--dry-run``: what a command would do, with a few real steps on the real shapes; nothing is written."""
