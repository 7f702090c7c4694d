"""Files of the Hugging Face Hub: from its cache without asking the network, or downloaded into it once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from coursekit._shared._text import first_line
from coursekit.encoders._weights import WAYS_OUT, WeightsError

T = TypeVar("T")
SECONDS = 10.0  # to wait for the hub's answer to the first question


def fetch(encoder: str, repository: str, get: Callable[[bool], T]) -> T:
    """What `get` makes of a repository of the hub.

    The cache is asked first, so that nothing waits for the network where all is there. Then comes one short
    question to the hub: its own client asks six times, for half a minute, before it says that nobody answers.

    Args:
        encoder: its name, for the message.
        repository: "owner/name" on the hub.
        get: is called with whether only the cache may be used; raises an OSError where something is missing.

    Raises:
        WeightsError: it is not in the cache and cannot be downloaded, or what is there cannot be read.
    """
    from huggingface_hub import constants, get_session

    folder = Path(constants.HF_HUB_CACHE) / f"models--{repository.replace('/', '--')}"
    try:
        return get(True)
    except OSError:
        pass  # not in the cache, or not all of it
    except Exception as error:  # of transformers, torch or safetensors
        raise WeightsError(
            f"the weights of {encoder} at {folder} cannot be read ({first_line(error)}): "
            "delete this folder if it is damaged, it is downloaded anew"
        ) from error
    try:
        get_session().head(constants.ENDPOINT, timeout=SECONDS)
        return get(False)
    except Exception as error:  # of httpx, requests or the hub, by the version of its client
        raise WeightsError(
            f"the weights of {encoder} are not at {folder}, and cannot be downloaded "
            f"({first_line(error)}). Go online, or run 'hf download {repository}' on a computer that is and "
            f"copy its folder there; {WAYS_OUT}"
        ) from error
