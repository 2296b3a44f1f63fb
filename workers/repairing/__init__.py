"""What a worker's look makes of drift: what is put back now, what later, and what is only told.

A look that only drift asked for never changes what a commit was told, and ends after `diff` when there is nothing to
write. Where nothing may be written, its client only pretends.
"""

from __future__ import annotations

from workers.repairing.judging import Repair, judge
from workers.repairing.looks import compare, further_trees, is_overtaken, tree
from workers.repairing.telling import end, give_way, note, told

__all__ = ["Repair", "compare", "end", "further_trees", "give_way", "is_overtaken", "judge", "note", "told", "tree"]
