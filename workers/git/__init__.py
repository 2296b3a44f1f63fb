"""Bare mirrors of repositories, and the trees in them.

Never runs a hook, a filter or a submodule, and never has a work tree.
"""
