"""Sampling policies: which paths a supernet step trains, with what weight (DESIGN decision 7; imports no torch)."""

from bnao.sampling.base import POLICIES as POLICIES
from bnao.sampling.base import Policy as Policy
from bnao.sampling.base import PolicySetup as PolicySetup
from bnao.sampling.base import Schedule as Schedule
from bnao.sampling.base import StepPlan as StepPlan
from bnao.sampling.make import make_policy as make_policy
