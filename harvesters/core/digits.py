"""Numbers with no more digits than anybody needs."""


def rounded(value: float) -> float:
    """To six digits after the point.

    It takes a fifth of the time of `round` with digits, which goes by way of text; of two candidates that are equally
    near, either may be taken. Not for infinite numbers.
    """
    return round(value * 1e6) / 1e6
