"""What makes the course: installing, recording, publishing. It is never part of the wheel."""
