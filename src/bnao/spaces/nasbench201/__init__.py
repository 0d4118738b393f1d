"""The space of NAS-Bench-201 (Dong and Yang, arXiv 2001.00326)."""

from bnao.spaces.nasbench201.cells import EDGES as EDGES
from bnao.spaces.nasbench201.cells import OPERATION_NAMES as OPERATION_NAMES
from bnao.spaces.nasbench201.grammar import NasBench201Grammar as NasBench201Grammar
from bnao.spaces.nasbench201.space import NasBench201Space as NasBench201Space
