"""Change the root folder."""

os.mkdir("/scratch/r")
attempt(
    lambda: os.chroot("/scratch/r") or True,
    lambda: call("pivot_root", b"/scratch/r", b"/scratch/r") if hasattr(libc, "pivot_root") else False,
)
