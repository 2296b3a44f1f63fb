"""The command line, a module per theme. Thin: each command asks a module that does the work and prints the answer.

Nothing is decided here that the processes would decide otherwise.
"""
