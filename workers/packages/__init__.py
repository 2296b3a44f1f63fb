"""Charts and artifacts from chart repositories and registries: fetched, checked, and kept as commits.

What an archive holds becomes a commit of a bare repository on this machine, so that everything else reads it as it
reads Git. The same archive gives the same commit on every machine. All that comes from outside is bounded: bytes, files
and seconds (``charts`` in the configuration). Nothing here runs or renders anything.
"""
