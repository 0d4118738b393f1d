"""What a run leaves on disk: atomic files, a versioned manifest, the pool, checkpoints, the event log.

Nothing that is loaded from here can run code, and every damaged file is a :class:`~bnao.errors.RunError`.
"""

from bnao.storage.checkpoints import load_state as load_state
from bnao.storage.checkpoints import load_weights as load_weights
from bnao.storage.checkpoints import save_state as save_state
from bnao.storage.checkpoints import save_weights as save_weights
from bnao.storage.event_log import EventLog as EventLog
from bnao.storage.event_log import read_events as read_events
from bnao.storage.plain import from_dict as from_dict
from bnao.storage.plain import to_plain as to_plain
from bnao.storage.pool import Pool as Pool
from bnao.storage.pool import PoolEntry as PoolEntry
from bnao.storage.pool import ScoreRecord as ScoreRecord
from bnao.storage.run_folder import Commit as Commit
from bnao.storage.run_folder import RunFolder as RunFolder
