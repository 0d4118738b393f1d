"""What people see of a search: the progress display, the summary at its end, ``bnao show`` and ``bnao list``.

An HTML report will have its place here, over the same :class:`~bnao.loop.result.SearchResult`.
"""

from bnao.report.lists import print_list as print_list
from bnao.report.progress import ProgressDisplay as ProgressDisplay
from bnao.report.show import show_run as show_run
from bnao.report.summary import print_summary as print_summary
