"""Make a program that runs as root, and run su."""

def made():
    open("/scratch/x", "wb").write(open("/usr/bin/id", "rb").read())
    os.chmod("/scratch/x", 0o6755)
    return b"uid=0" in subprocess.run(["/scratch/x"], capture_output=True).stdout


attempt(made, lambda: b"uid=0" in subprocess.run(["su", "-c", "id"], capture_output=True).stdout)
