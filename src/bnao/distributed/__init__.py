"""Several processes that work on one run: ranks, the exchange of gradients, agreement on what is trained.

Imports no torch; in one process (:data:`ALONE`) there is nothing to do, and nothing is done.
"""

from bnao.distributed.group import ALONE as ALONE
from bnao.distributed.group import Alone as Alone
from bnao.distributed.group import Group as Group
from bnao.distributed.group import ProcessLost as ProcessLost
from bnao.distributed.launch import Launched as Launched
from bnao.distributed.launch import is_leader as is_leader
from bnao.distributed.launch import launched as launched
from bnao.distributed.launch import refuse_launched as refuse_launched
from bnao.distributed.shards import Shards as Shards
