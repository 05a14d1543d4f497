"""What may go wrong, as tables of cases: each is run for each vendor, and what it gave stands in docs/reliability.md.

The oracle is always the same: the documents that are stored are those that a machine without any fault has, none is
there twice, and where they are not, the exit code, the report and the manifest say so, and a later run mends it.
"""
