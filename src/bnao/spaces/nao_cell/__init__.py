"""The NAO cell space."""

from bnao.spaces.nao_cell.space import OPERATION_SETS as OPERATION_SETS
from bnao.spaces.nao_cell.space import PUBLISHED as PUBLISHED
from bnao.spaces.nao_cell.space import NaoCellSpace as NaoCellSpace
