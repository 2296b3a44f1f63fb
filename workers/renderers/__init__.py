"""What turns files of a commit into manifests, one module per tool.

A renderer never talks to a cluster or a forge, never sees our environment and never leaves the folder it was given.
"""
