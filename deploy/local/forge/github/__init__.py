"""GitHub's side of the stand-in: its API (:mod:`api`), and what it says to webhooks (:mod:`payloads`).

The API is GitHub's published description plus rules of our own that are stricter (:mod:`rules`); it never
accepts what GitHub would refuse, and it refuses on purpose some of what GitHub lets pass.
"""
