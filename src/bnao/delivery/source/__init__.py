"""The readable source of one network: ``model.py``, which needs nothing but torch."""

from bnao.delivery.source.file import model_source as model_source
from bnao.delivery.source.writer import Unwritable as Unwritable
