"""Fill /dev/shm."""

size = 0
try:
    with open("/dev/shm/big", "wb") as file:
        while size < 300 << 20:
            size += file.write(b"x" * (1 << 20))
            file.flush()
except OSError as error:
    tried(error)
if size > 64 << 20:
    gained(size)
