"""Documents as tables: a column for each field of the field list, with its type."""
