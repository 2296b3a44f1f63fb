"""Repositories synced by Hookline and by ``kubectl apply --server-side --applyset --prune``: the same live objects.

A module per family holds cases as text; they hold no code, and no case knows what Hookline does inside.
"""
