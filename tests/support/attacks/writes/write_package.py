"""Change the package coursekit, its data and the checkout."""

import coursekit, coursekit.check._plain

attempt(lambda: os.access(coursekit.__path__[0], os.W_OK))
write(coursekit.__path__[0] + "/canary", coursekit.check._plain.__file__)
write("_REPO_/data/canary", "_REPO_/canary")
