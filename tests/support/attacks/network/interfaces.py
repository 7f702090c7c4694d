"""Find network interfaces."""

attempt(lambda: [name for _, name in socket.if_nameindex() if name != "lo"])
