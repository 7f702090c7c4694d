"""Leave a message queue for the next submission."""

rt = ctypes.CDLL("librt.so.1")
attempt(lambda: rt.mq_open(b"/left", 0o102, 0o600, None) >= 0)
