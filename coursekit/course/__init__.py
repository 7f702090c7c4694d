"""Making the course: installing, recording, guarding. The package above it knows nothing of this."""
