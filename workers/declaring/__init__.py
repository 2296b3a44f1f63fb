"""Turns documents of each vocabulary into apps, projects and repositories. Nothing here reads a file or a clock."""
