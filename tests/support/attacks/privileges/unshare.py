"""Enter new namespaces."""

attempt(
    *(
        lambda f=f: call("unshare", f)
        for f in (0x10000000, 0x20000, 0x20000000, 0x40000000, 0x8000000, 0x4000000)
    )
)
