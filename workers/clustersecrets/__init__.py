"""Credentials for repositories that Secrets of a cluster hold, as Argo CD and Flux write them.

They are read and never written, kept in memory for seconds, and shown to the servers they are for and to no other.
"""
