"""How well Benne's scores rank, against five rivals on six public sets.

    python -m benchmarks.quality --data DIR

``_sets`` brings rows, ``_folds`` splits them, ``_rivals`` and ``_benne`` fit, ``_measures`` looks,
``_results`` keeps a row for each (set, method, repeat, fold), ``_inference`` and ``_page`` tell.
"""
