"""Neural architecture optimisation: an encoder, a predictor and a decoder, and gradient steps between them.

arXiv 1808.07233 (NAO), sections 3 and 4; arXiv 1909.10815 (Balanced NAO), section 3.
"""

from bnao.controller.nao.model import NaoModel as NaoModel
from bnao.controller.nao.proposer import NaoProposer as NaoProposer
