"""Metrics of retrieval and of answers, each with its sample size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log2, sqrt

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """So many out of so many, with a 95% Wilson interval (Wilson 1927)."""

    hits: int
    of: int

    @property
    def value(self) -> float | None:
        """The share in 0 to 1; None when there was nothing to count."""
        return self.hits / self.of if self.of else None

    def interval(self) -> tuple[float, float]:
        """Lower and upper end of the 95% interval."""
        if not self.of:
            return 0.0, 1.0
        z, n, p = 1.96, self.of, self.hits / self.of
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        reach = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        return max(0.0, middle - reach), min(1.0, middle + reach)

    def __str__(self) -> str:
        if self.value is None:
            return "none"
        low, high = self.interval()
        return f"{self.value:.3f}  ({self.hits} of {self.of}; 95% {low:.2f} to {high:.2f})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """A mean over so many values, with a 95% bootstrap interval (Efron 1979)."""

    value: float
    low: float
    high: float
    of: int

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.2f}-{self.high:.2f}]" if self.of else "none"


def mean(values: Sequence[float], *, resamples: int = 1000, seed: int = 20) -> Mean:
    """The mean of values and the middle 95% of the means of so many resamples."""
    if not values:
        return Mean(value=0.0, low=0.0, high=0.0, of=0)
    rows = np.asarray(values, dtype=np.float64)
    drawn = np.random.default_rng(seed).integers(0, len(rows), (resamples, len(rows)))
    low, high = np.percentile(rows[drawn].mean(axis=1), [2.5, 97.5])
    return Mean(value=float(rows.mean()), low=float(low), high=float(high), of=len(rows))


def share(flags: Sequence[bool]) -> Share:
    """The share of true flags."""
    return Share(hits=sum(flags), of=len(flags))


def rank_of(wanted: str, ranked: Sequence[str]) -> int | None:
    """Place of an item among the different items of a ranking, from 1; None when absent."""
    different = list(dict.fromkeys(ranked))
    return different.index(wanted) + 1 if wanted in different else None


def ndcg(rank: int | None, depth: int = 10) -> float:
    """NDCG with one relevant item: 1 / log2(1 + rank) within the depth, else 0."""
    return 1 / log2(1 + rank) if rank is not None and rank <= depth else 0.0


def percentile(values: Sequence[float], share_below: float) -> float:
    """The value that so large a share lies at or under (nearest rank); 0 for none."""
    ordered = sorted(values)
    if not ordered:
        return 0.0
    rank = ceil(round(share_below * len(ordered), 9))
    return ordered[max(rank, 1) - 1]
