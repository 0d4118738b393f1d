"""Search spaces: a grammar and one network skeleton each.

Spaces register themselves when their module is imported; :func:`load_spaces` imports those that ship with the package
(``bnao.spaces.config`` alone imports no torch).
"""

from __future__ import annotations

import importlib


def load_spaces() -> None:
    """Register the spaces that ship with the package."""
    importlib.import_module("bnao.spaces.nao_cell")
    importlib.import_module("bnao.spaces.mobile")
    importlib.import_module("bnao.spaces.nasbench201")
