"""The watch process: sees live objects change, asks for looks at what drifted and wakes syncs that wait.

One stream a kind and cluster, of objects that carry an ApplySet's label, and of those the metadata only: no Secret's
value and no spec comes here. That is enough, as by server-side apply nobody can change a field of ours without taking
it away from us, which `managedFields` tells. An event that tells nothing costs neither a request nor a look into
Redis. What does look changed is read once and compared as a whole; a Secret never, a worker looks at that.

This package never repairs and never decides what is repaired: it suspects, and a worker's look judges. What metadata
does not tell is found by the sweep: a change written under our own field manager's name, and items of a merged list
that only changed places.
"""

from __future__ import annotations

from workers.watching.process import run

__all__ = ["run"]
