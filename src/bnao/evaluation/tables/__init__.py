"""Tabular benchmarks: every architecture of a space trained once by others, in a file that the user supplies.

Importing the package registers the tables that ship with it, and imports no torch.
"""

from bnao.evaluation.tables import nasbench201  # noqa: F401  (it registers its table)
from bnao.evaluation.tables.base import TABLES as TABLES
from bnao.evaluation.tables.base import Table as Table
from bnao.evaluation.tables.base import TableFormat as TableFormat
from bnao.evaluation.tables.base import read_table as read_table
