"""Helpers of the tests: small notebooks, bad files, a tiny assignment, attacks, a browser."""
