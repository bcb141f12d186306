"""Near-duplicates: documents that are the same but for script, layout or a few corrections.

A document is the set of its shingles, runs of a few units of text. MinHash (Broder, On the
resemblance and containment of documents, 1997) keeps a fixed number of values of each, from
which the Jaccard index of two documents is estimated; locality-sensitive hashing finds the
documents worth comparing without looking at all.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qilu_rag.text.fold import fold

if TYPE_CHECKING:
    from datasketch import LeanMinHash

Signature = NDArray[np.uint64]

NEAR = 0.8
"""Jaccard index from which two documents count as one.

Of variants of the corpus's 551 entries this finds 99% with 3% of the characters changed and
all with 1% changed, in the other script, broken anew, shuffled or under another title; of
those with half of the sentences left out 0.4%. No two entries come over 0.25. Measured by
`python -m evals.near corpus`.
"""

_SCHEME = "affine64"
_SEED = 1
_VALUES = 128
"""Values of a signature: the estimate's standard error at 0.8 is 0.035."""
_SHINGLE = 2
"""Units of a shingle: a changed character costs two shingles, so that corrections tell less
than sentences left out; with three, 14% of the variants with 3% changed are lost."""
_SHORTEST = 50
"""Letters under which a text is only near to its equal: a few shingles tell too little."""
_BATCH = 4096
"""Shingles that are hashed at a time: 4 MiB, however long the text."""
_WEIGHTS = (0.01, 0.99)
"""Of false and missed candidates: 18 bands of 7 values miss 1.5% of the pairs at 0.8 and 0.1%
at 0.85; what is compared in vain costs little."""

# A Chinese character or a whole word or number: letters alone would be too few in kind for
# runs of two to tell two English texts apart.
_CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_UNIT = re.compile(rf"[{_CJK}]|[^\W_{_CJK}]+")


def signature(text: str) -> Signature:
    """The MinHash values of a text, shape (128,); the same on every machine.

    Width, script, case, white space and punctuation don't count. A text of fewer than 50
    letters has one shingle, itself, so that only its equal is near to it.
    """
    from datasketch import MinHash

    hashed = MinHash(num_perm=_VALUES, seed=_SEED, scheme=_SCHEME)
    shingles = _shingles(text)
    for at in range(0, len(shingles), _BATCH):
        hashed.update_batch(shingles[at : at + _BATCH])
    return np.asarray(hashed.hashvalues, dtype=np.uint64)


def _shingles(text: str) -> list[bytes]:
    units = _UNIT.findall(fold(text))
    if sum(map(len, units)) < _SHORTEST or len(units) < _SHINGLE:
        return ["".join(units).encode()]
    starts = range(len(units) - _SHINGLE + 1)
    found = {" ".join(units[at : at + _SHINGLE]) for at in starts}
    return [shingle.encode("utf-8", "replace") for shingle in found]


class Near:
    """Finds the document that a new one repeats, among those that were added.

    Memory grows by 8 KiB a document, whatever its length: 80,000 take some 600 MiB.
    """

    def __init__(self, threshold: float = NEAR) -> None:
        """Starts empty.

        Args:
            threshold: Jaccard index, over 0 to 1, from which documents are near.
        """
        from datasketch import MinHashLSH

        self._threshold = threshold
        self._table = MinHashLSH(threshold=threshold, num_perm=_VALUES, weights=_WEIGHTS)
        self._kept: dict[str, Signature] = {}

    def add(self, key: str, signature: Signature) -> None:
        """Keeps a document; ValueError when its key is taken."""
        self._table.insert(key, _minhash(signature))
        self._kept[key] = signature

    def find(self, signature: Signature) -> tuple[str, float] | None:
        """The nearest kept document and its estimated Jaccard index; of equals, the first key.

        None when no kept document reaches the threshold.
        """
        keys = sorted(self._table.query(_minhash(signature)))
        if not keys:
            return None
        shares = np.stack([self._kept[key] for key in keys]) == signature
        alike = shares.mean(axis=1)
        best = int(alike.argmax())
        return (keys[best], float(alike[best])) if alike[best] >= self._threshold else None


def _minhash(signature: Signature) -> LeanMinHash:
    from datasketch import LeanMinHash

    return LeanMinHash(seed=_SEED, hashvalues=signature, scheme=_SCHEME)
