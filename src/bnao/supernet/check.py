"""The check of module trees that a supernet makes; spaces of users' own modules make it too, so it stands with them."""

from bnao.spaces.clonable import check_clonable as check_clonable
