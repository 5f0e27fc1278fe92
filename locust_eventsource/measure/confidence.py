"""How far a percentile of a sample can be trusted: ranks and binomial order statistics.

Of n samples, the number that lie at or below the true percentile p follows a binomial distribution (n, p), whatever
the distribution of the values. The sample at rank r is therefore a bound of the true percentile with a confidence
that depends on n, p and r alone (David and Nagaraja, Order Statistics, section 7.1).
"""

from __future__ import annotations

import math
from fractions import Fraction

SAMPLES_ABOVE = 10
"""Samples needed above a percentile before it stands for the service and not for a few samples."""
CONFIDENCE = 0.95


def rank_of(percentile: float, samples: int) -> int:
    """The nearest rank, from 1: the smallest whole number of at least ``percentile`` percent of ``samples``."""
    return max(1, math.ceil(_share(percentile) * samples))


def enough_samples(samples: int, percentile: float) -> bool:
    """Whether n(1 - p) is at least ``SAMPLES_ABOVE``."""
    return samples * (1 - _share(percentile)) >= SAMPLES_ABOVE


def samples_needed(percentile: float) -> int:
    """The smallest number of samples that is enough for a percentile below 100."""
    return math.ceil(SAMPLES_ABOVE / (1 - _share(percentile)))


def rank_interval(samples: int, percentile: float, confidence: float = CONFIDENCE) -> tuple[int, int]:
    """Ranks whose values enclose the true percentile with at least this confidence, half the error on each side.

    A lower rank of 0, or an upper rank of ``samples`` + 1, means that no sample bounds the percentile on that side.
    """
    share, error = float(_share(percentile)), (1 - confidence) / 2
    lower = _first_rank(samples, share, error)
    return lower, samples + 1 - _first_rank(samples, 1 - share, error)


def _share(percentile: float) -> Fraction:
    # Through text, so that 99.9 is the decimal that was written and not its nearest binary neighbour.
    return Fraction(str(percentile)) / 100


def _first_rank(samples: int, share: float, error: float) -> int:
    """The largest r with P(B < r) <= error for B binomial (samples, share); 0 when there is none."""
    if share in (0.0, 1.0):
        return int(share) * samples
    spread = math.sqrt(samples * share * (1 - share))
    # Ten standard deviations below the mean the left tail is under 1e-20, so the sum may start there.
    rank = max(0, int(samples * share - 10 * spread) - 10)
    below, odds, likelihood = 0.0, share / (1 - share), _binomial(rank, samples, share)
    while rank < samples:
        below += likelihood
        if below > error:
            break
        likelihood *= (samples - rank) / (rank + 1) * odds
        rank += 1
    return rank


def _binomial(successes: int, samples: int, share: float) -> float:
    log_ways = math.lgamma(samples + 1) - math.lgamma(successes + 1) - math.lgamma(samples - successes + 1)
    return math.exp(log_ways + successes * math.log(share) + (samples - successes) * math.log1p(-share))
