"""Trees of frozen dataclasses to and from nested dicts, TOML files, and flags. Knows no particular setting.

A *section* is a dataclass that another one holds; a *field* is a value. Fields have dotted names
(``supernet.training.epochs``). Imports no torch.
"""

from bnao.settings.docs import field_docs as field_docs
from bnao.settings.nested import flatten as flatten
from bnao.settings.nested import merge as merge
from bnao.settings.nested import nest as nest
from bnao.settings.toml_file import load_toml as load_toml
from bnao.settings.toml_file import update_from_toml as update_from_toml
from bnao.settings.tree import Leaf as Leaf
from bnao.settings.tree import build as build
from bnao.settings.tree import leaves as leaves
from bnao.settings.tree import to_dict as to_dict
from bnao.settings.tree import update as update
from bnao.settings.tree import update_from_flags as update_from_flags
from bnao.settings.values import FieldError as FieldError
from bnao.settings.values import in_words as in_words
