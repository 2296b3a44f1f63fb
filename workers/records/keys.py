"""Every key name, in one place.

===================  ======  ==============================================================================
key                  type    holds
===================  ======  ==============================================================================
delivery:<hook>:<k>  hash    one delivery: ``body`` (JSON), ``requests`` (JSON: app to number)
deliveries           zset    delivery names by time, newest kept
hook:<hook>          hash    ``at``: when it last delivered
names:<forge>:<id>   hash    repository URL (canonical) to when it had that name
missed               hash    "app|ref" to a move no delivery told of (JSON)
app:<app>            hash    ``wanted`` ``done`` ``last`` and the result of the last finished request
open:<app>           hash    request number to request (JSON), until it has an outcome
flight:<app>         string  the sync that waits for health (JSON)
syncs:<app>          list    finished syncs (JSON), newest first
digests:<app>        hash    object to "rendered accepted" digests of the last apply
drift:<app>          hash    object to what differs, while it does
asked:<app>          hash    object to since when a person is asked about its deletion
approved             hash    app to when a person last approved deletions, by API or command line
attempts:<app>       hash    request number to attempts begun
last                 hash    app to the declaration it was last synced by (JSON)
missing              hash    app to since when its declaration is missing
lease:<name>         string  the owner's token, with expiry
apps                 set     every app that ever had a request
again                zset    app to the time it is asked for again after a failure that was told already
waiting              zset    app to the time it is due for another look
applysets            hash    ApplySet id to app
seen:<cluster>       hash    app to the resourceVersion of its last write
wishes:<cluster>     hash    object to the app that wants it and does not own it yet
wished:<app>         set     the objects an app wishes for
leaving:<app>        set     the objects an app owns and does not want any more
said                 hash    app to the number of the request its wishes were said with
kinds:<cluster>      set     "group|version|kind" of everything owned there
commit:<commit>      hash    ``version``, ``app:<app>`` (JSON), ``written:<context>`` (JSON)
dirty                zset    commits whose statuses may differ from the forge's, by when to write them
turns                string  parts of sweeps begun
children             hash    app to the declarations among its manifests (JSON)
children:version     string  how often any of those changed
declared             hash    app to the digest of its declaration when last asked for
audit                stream  who did what, append-only
===================  ======  ==============================================================================
"""

from typing import Any

PREFIX = "hookline:"

Client = Any
"""A `redis.Redis` that decodes its answers: redis-py's annotations say bytes or str for every answer of it."""


def key(*parts: str) -> str:
    """Return the full name of a key: the prefix and its parts, joined with colons."""
    return PREFIX + ":".join(parts)
