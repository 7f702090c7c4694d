"""Load a page, and a file with torch.hub."""

import urllib.request

attempt(
    lambda: urllib.request.urlopen("http://127.0.0.1:_TCP_/", timeout=1).read(),
    lambda: torch.hub.download_url_to_file("http://127.0.0.1:_TCP_/", "/scratch/x"),
)
