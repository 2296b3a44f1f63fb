"""Tests of the health verdicts."""
