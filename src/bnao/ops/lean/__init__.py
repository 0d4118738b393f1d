"""Operations that train faster on CPU than torch's own modules do, with the same parameters and the same function.

:mod:`~bnao.ops.lean.when` says where they stand in; everywhere else (evaluation, export, GPU, other types and memory
formats) the plain modules run. What each one gains is in ``docs/log.md``, "Faster steps on CPU";
``benchmarks/speed/step_variants.py`` measures it.
"""
