"""Look up names of the internet."""

attempt(lambda: socket.getaddrinfo("pypi.org", 443), lambda: socket.gethostbyname("example.com"))
