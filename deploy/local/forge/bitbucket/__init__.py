"""Bitbucket's side of the stand-in: the Cloud, the Data Center, and a server too old to know a repository's builds."""
