"""The one table of what slapmaster does otherwise than slapproxy, and why.

An entry of KNOWN admits single differences: it is asked about each place where two answers differ (`told.py`,
`slips.py`). An entry of PARTINGS names steps after which the two worlds are no longer the same (`parted.py`): lives
leave them out, and its `story`, which begins in two empty worlds, shows the difference. COMPATIBILITY.md shows the
table to people; `test_differential.py` holds the two together, and fails for a difference that is not here or that
never happens any more.
"""

from . import told, slips, parted  # noqa: F401  # each adds its entries, in the order of the table
from .entry import KNOWN, PARTINGS, Known

__all__ = ["KNOWN", "PARTINGS", "Known"]
