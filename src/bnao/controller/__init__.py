"""Proposers: from scored architectures to new ones, in a search or by ask and tell. Importing this imports no torch."""

from bnao.controller.ask_tell import AskTell as AskTell
from bnao.controller.ask_tell import ask_tell as ask_tell
from bnao.controller.base import PROPOSERS as PROPOSERS
from bnao.controller.base import FitReport as FitReport
from bnao.controller.base import OnEpoch as OnEpoch
from bnao.controller.base import Proposals as Proposals
from bnao.controller.base import Proposer as Proposer
from bnao.controller.config import ControllerConfig as ControllerConfig
from bnao.controller.optimise import optimise as optimise
from bnao.controller.proposers import make_proposer as make_proposer
