"""Change the Python environment, also with pip."""

write(sys.prefix + "/canary", torch.__path__[0] + "/canary", torch.__file__, sys.base_prefix + "/canary")
attempt(
    lambda: (
        subprocess.run([sys.executable, "-m", "pip", "install", "--no-index", "nothing"]).returncode == 0
    )
)
