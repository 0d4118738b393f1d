"""Architectures as values, and the grammar that says which of them are legal."""

from bnao.arch.architecture import Architecture as Architecture
from bnao.arch.grammar import Grammar as Grammar
