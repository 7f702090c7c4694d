"""List folders outside: the course's, home folders, the checkout, system folders."""

def others(folder):  # but for the folders above Python's
    known = (sys.base_prefix, sys.prefix, os.path.realpath(sys.prefix), "_REPO_")
    return [n for n in os.listdir(folder) if not any(k.startswith(f"{folder}/{n}") for k in known)]


attempt(*(lambda p=p: others(p) for p in ("_FOLDER_", "/root", "/home", "/var", "/etc/ssh", "/work")))
attempt(lambda: glob.glob("/home/*/*") + glob.glob("_REPO_/tests") + glob.glob("_REPO_/.git"))
