"""Delivering the winner: the network in forms that need no bnao, and predictions by it.

Not called ``export``, for that name is the function ``bnao.export``.
"""
