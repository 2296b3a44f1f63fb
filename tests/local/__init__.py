"""Tests of the throw-away control plane: real processes, real API server."""
