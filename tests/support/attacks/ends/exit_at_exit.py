"""Leave code for the end of the process."""

import atexit

atexit.register(gained)
tried()
