"""NAS-Bench-201 on CIFAR-10 as a file: one row for each of 15,625 cells, or for some of them.

Dong and Yang, "NAS-Bench-201: Extending the Scope of Reproducible Neural Architecture Search" (arXiv 2001.00326).
"""

from __future__ import annotations

import re

import numpy as np

from bnao.errors import DataError
from bnao.evaluation.tables.base import TABLES, Table, TableFormat
from bnao.evaluation.tables.columns import Columns
from bnao.evaluation.tables.rows import Rows

SHORT_EPOCHS = 12
_SEED = re.compile(r"valid_acc_s(0|[1-9][0-9]{0,3})")


class NasBench201Format(TableFormat):
    """Accuracies in percent after 200 epochs (by seed) and after 12; counts of the full network (C = 16, N = 5).

    ``arch`` is the benchmark's own text, or tokens. Seeds are columns ``valid_acc_s0``, ``valid_acc_s1``, ... without
    gaps; those after the first may have empty cells. Other columns are not read.
    """

    @property
    def columns(self) -> tuple[str, ...]:
        """Those without which there is no table."""
        return ("arch", "params", "macs", "valid_acc_s0", "test_acc", "valid_acc_ep12", "test_acc_ep12")

    def build(self, rows: Rows, source: str) -> Table:
        """The table. Raises DataError."""
        from bnao.spaces.nasbench201.grammar import NasBench201Grammar  # here: its package imports torch

        grammar, columns = NasBench201Grammar(), Columns(rows, source)
        columns.require(self.columns)
        seeds = sorted(int(match[1]) for name in rows.header if (match := _SEED.fullmatch(name)))
        if seeds != list(range(len(seeds))):
            raise DataError(
                f"seeds are the columns valid_acc_s0, valid_acc_s1, ... without gaps; {source!r} has the seeds "
                f"{', '.join(map(str, seeds))}: rename or drop columns"
            )
        return Table(
            name="nasbench201",
            space="nasbench201",
            source=source,
            grammar=grammar,
            architectures=columns.architectures("arch", grammar),
            test_accuracy_P=columns.percent("test_acc"),
            valid_accuracy_PS=np.stack(
                [columns.percent(f"valid_acc_s{seed}", may_be_empty=seed > 0) for seed in seeds], axis=1
            ),
            short_valid_accuracy_P=columns.percent("valid_acc_ep12", may_be_empty=True),
            short_test_accuracy_P=columns.percent("test_acc_ep12", may_be_empty=True),
            short_epochs=SHORT_EPOCHS,
            num_params_P=columns.counts("params"),
            macs_P=columns.counts("macs"),
        )


TABLES.register("nasbench201", NasBench201Format())
