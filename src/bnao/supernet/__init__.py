"""Shared weights: ``Supernet.path(architecture)`` is exactly that architecture's network."""

from bnao.supernet.trainable import Path as Path
from bnao.supernet.trainable import StandAlone as StandAlone
from bnao.supernet.trainable import Supernet as Supernet
from bnao.supernet.trainable import Trainable as Trainable
