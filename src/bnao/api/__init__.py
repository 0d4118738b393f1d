"""What ``import bnao`` offers: searches, trainings, sizes, and what they found as plain torch modules."""

from bnao.api.searching import Best as Best
from bnao.api.searching import Result as Result
from bnao.api.searching import load_winner as load_winner
from bnao.api.searching import pick as pick
from bnao.api.searching import plan as plan
from bnao.api.searching import rank as rank
from bnao.api.searching import resume as resume
from bnao.api.searching import search as search
from bnao.api.searching import size as size
from bnao.api.training import Training as Training
from bnao.api.training import resume_training as resume_training
from bnao.api.training import train as train
from bnao.api.trying import dry_search as dry_search
from bnao.api.trying import dry_train as dry_train
