"""Measures Hookline on real parts and prints tables; never asserts on a time."""
