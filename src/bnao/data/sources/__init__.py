"""The shipped kinds of data sources, one a file; registered in :mod:`bnao.data.catalog`."""
