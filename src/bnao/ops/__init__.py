"""Candidate operations, one family per file. Importing the package registers the families that ship with it."""

from bnao.ops import convolution, pooling, separable, trivial  # noqa: F401  (each registers its operations)
from bnao.ops.base import OPERATIONS as OPERATIONS
from bnao.ops.base import Operation as Operation
