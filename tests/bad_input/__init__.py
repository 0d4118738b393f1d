"""Bad input of every kind, and the one line that each is answered with; `table.py` lists the cases by topic."""
