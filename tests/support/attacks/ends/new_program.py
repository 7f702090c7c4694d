"""Leave programs behind in sessions of their own."""

attempt(lambda: subprocess.run(["setsid", "sleep", "30"], timeout=0.3))
subprocess.Popen(["sleep", "30"], start_new_session=True)
