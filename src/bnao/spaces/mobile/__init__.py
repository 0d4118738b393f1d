"""The mobile space: chains of inverted residual blocks."""

from bnao.spaces.mobile.space import MobileSpace as MobileSpace
