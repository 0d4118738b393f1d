"""``python -m bnao`` is the command ``bnao``."""

import sys

from bnao.cli import main

if __name__ == "__main__":
    sys.exit(main())
