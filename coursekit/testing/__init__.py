"""Helpers for tests: a simulated device. Nothing loads this package unless the device is asked for."""
