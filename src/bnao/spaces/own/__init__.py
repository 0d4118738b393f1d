"""Your own torch module as a search space, with open choices where you put OneOf and Repeat."""

from bnao.spaces.own.one_of import OneOf as OneOf
from bnao.spaces.own.repeat import Repeat as Repeat
from bnao.spaces.own.space import OwnSpace as OwnSpace
