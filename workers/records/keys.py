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
digests:<app>        hash    object to "version rendered accepted ownership": version and digests of the last apply
saves                string  how often any of those changed
saved                zset    app to the number of that change
home                 hash    app to the "cluster|ApplySet" it was last applied to
mirrors              hash    machine to what its mirrors take of its disk (JSON)
watchers             zset    watch process to when it last said that it lives
nudged:<app>         string  a message was sent to look at the app, and nobody has since; with expiry
drifted:<app>        hash    object to what is said of its drift (JSON), while it differs
judged:<app>         hash    object to the digests it was judged by and left as it is
rounds:<app>         hash    object to when it was repaired lately, and since when it is left alone (JSON)
repaired:<app>       list    repairs (JSON), newest first
repair               zset    app to the time its drift is to be looked at again
swept:<cluster>      string  there while nobody has to sweep its drift, with expiry
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
commit:<commit>      hash    ``version``, ``account``, ``since``, ``app:<app>`` and ``plan:<number>`` (JSON)
posted:<commit>      string  a message was sent to look at the commit, and nobody has since; with expiry
alike:<repo>|<rev>   set     the commits of one repository and revision that something was said of
shown:<place>        hash    what a forge has: ``written:``, ``trying:`` (JSON), ``count:``, ``full:<context>``
breaker:<scope>      hash    a forge account to leave alone: ``until`` when, ``failures`` in a row, ``probing``
budget:<account>     zset    writes of the last minute, by when
secret:pages         string  what the keys in links to pages are made from
dirty                zset    commits whose statuses may differ from the forge's, by when to write them
turns                string  parts of sweeps begun
children             hash    app to the declarations among its manifests (JSON)
children:version     string  how often any of those changed
held                 hash    app that left the catalog to since when a person is asked about its removal
declared             hash    app to the digest of its declaration when last asked for
told:<app>|<kind>    hash    ``since`` when this trouble is told of, "revision|state" to when that was told last
alerts               zset    outbox (a target's name, ``cluster:<cluster>`` for Events) to when it is to be emptied
outbox:<outbox>      list    alerts that wait (``since JSON``), oldest first
beyond:<outbox>      hash    kind of alert to how many more were told than the outbox keeps
target:<outbox>      hash    ``sent`` and ``failed`` (when), ``failures`` in a row, ``error``
tries:<outbox>       list    when the last messages were tried, newest first
unwell               hash    app whose objects are not well to since when, although its last sync ended well
counts               hash    "name|label" to how often that happened
trail                list    the audit trail: who did what (canonical JSON), each line with the hash of the one before
trail:head           hash    ``line`` and ``hash`` of its last line; ``let_go``: lines no longer kept
used:<token>         string  the line of the trail a token was used for, until the token has ended
audit                stream  the audit trail of versions before the chain
failed               hash    address to failed tokens in its window
failed:since         zset    those addresses, by when their window began
holds                hash    hold ("scope|target|object") to the hold (JSON), until it ended and was seen off
holds:ends           zset    hold to its end
holds:left           set     apps whose last sync left out what Git wants of a held object
holds:windows        hash    app to the digest of the sync windows it waits for
holds:declared       hash    app to the hold its declaration has, and since when (JSON)
exceptions           hash    app to its exception (JSON), until it ended and was seen off
exceptions:ends      zset    app to its exception's end
exceptions:reminders zset    app to when people are reminded of that
rollbacks            hash    app to its last rollback (JSON), ended or not
sources              hash    app with several sources to their commits at its last look (JSON)
awaiting             hash    app to the commit that waits for a person's word
approvals            hash    app to the commit a person said yes to (JSON), until it was synced
held:<app>           list    commits that ended held and are still told so, oldest first
comments             hash    delivery to the comment it brought (JSON), until a worker acted on it
comments:later       zset    such a delivery to when its comment is handed out again
commented:<d>        string  there once a worker acted on a delivery's comment, with expiry
pulls                hash    pull request ("hook|repository's id|number") to where it is (JSON), until looked at
pulls:later          zset    such a pull request to when it is handed out again
pull:<pull>          hash    an open one: ``turn`` ``branch`` ``wanted`` ``made`` (JSON) ``told`` ``ids`` ``written``
words:<pull>         hash    who labelled or approved it, to that and the head it was for (JSON)
branch:<branch>      zset    the open pull requests into "hook|repository|ref", by when something happened to them
plans                zset    plans asked for over the API that are open, by when they are handed out again
plan:<id>            hash    one: ``inquiry`` (JSON), ``tries``, ``reply`` (JSON); with expiry
plans:replies        list    those with a reply, newest first
page:<key>           string  what the page of a pull request's plan shows (packed JSON), with expiry
moved                hash    branch that has a newer commit to "commit when", until its plans are wished for again
environment:<place>  hash    of "hook|repository|name": ``app:<app>`` ``live`` ``old`` (JSON) ``version`` ``page``
environments         zset    such a place to when its forge is to be told of it
placed               hash    app to the place it said something of last
landing:<commit>     hash    a commit's pull request: ``version`` ``number`` ``ids`` ``written`` ``seconds`` (JSON)
landings             zset    such a commit to when its pull request is to be told how it fares
===================  ======  ==============================================================================
"""

from typing import Any

PREFIX = "hookline:"

Client = Any
"""A `redis.Redis` that decodes its answers: redis-py's annotations say bytes or str for every answer of it."""


def key(*parts: str) -> str:
    """Return the full name of a key: the prefix and its parts, joined with colons."""
    return PREFIX + ":".join(parts)
