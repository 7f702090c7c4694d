"""For tests: a simulated device. It is loaded only where it is asked for."""
