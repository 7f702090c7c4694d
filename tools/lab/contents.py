"""What `make lab` hands out when a notebook is opened: opening it does not mark it as changed.

JupyterLab writes what the kernel says about its language into every notebook that it opens, with the exact
version of Python. Where the notebook says anything else, JupyterLab marks it as changed, and asks whether to
save it when it is closed. The notebooks of the course name no version, because each learner has another one.
So the server puts the kernel's words into what it hands out. The files stay as they are.
"""

from __future__ import annotations

from typing import Any

from ipykernel.ipkernel import IPythonKernel
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager


class Contents(AsyncLargeFileManager):
    """JupyterLab's own way to the files, with the kernel's language in each Python notebook.

    The kernel "python3" is this Python; `jupyter_server_config.json` names this class.
    """

    async def get(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        """A file or folder as JupyterLab gets it; see `jupyter_server`."""
        model: dict[str, Any] = await super().get(*arguments, **options)  # type: ignore[no-untyped-call]
        if model["type"] == "notebook" and model["content"]:
            metadata = model["content"]["metadata"]
            if metadata.get("language_info", {}).get("name") == "python":
                metadata["language_info"] = dict(IPythonKernel.language_info)
        return model
