"""Many jobs on the workers of dask.distributed: a cluster on this machine, or a running scheduler.

Used for the features of many videos and for grading: this module knows neither.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from coursekit._shared._text import reason

TRIES = 3  # workers that may die with a video before dask gives it up
_CANCELLED = (asyncio.CancelledError, concurrent.futures.CancelledError)


class ClusterError(Exception):
    """There is no dask, or no scheduler that answers; the message says what to do."""


def each(
    work: Callable[..., Any],
    jobs: Sequence[Any],
    settings: tuple[Any, ...] = (),
    *,
    workers: int | None = None,
    scheduler: str | None = None,
) -> Iterator[tuple[int, Any]]:
    """Call `work(job, *settings)` for each job on a worker; yield each job's number and result, as they come.

    When a worker dies, dask gives its jobs to another one, and gives up a job with which several have died.
    Such a job is then tried once more with nothing beside it: it may only have been near the one to blame.

    Args:
        work: a function of a module, which the workers can import.
        jobs: what it is called with; what cannot be done comes as the exception, in the result's place.
        settings: what it gets besides.
        workers: start that many on this machine.
        scheduler: or the address of a running scheduler.

    Raises:
        ClusterError: dask is not installed, or the scheduler does not answer or was lost.
    """
    with _client(workers, scheduler) as client:
        killed = []
        for number, result in _gather(client, work, dict(enumerate(jobs)), settings):
            if result is None:
                killed.append(number)
            else:
                yield number, result
        for number in killed:
            for _, result in _gather(client, work, {number: jobs[number]}, settings):
                died = ClusterError("each worker that tried it died (killed, or out of memory)")
                yield number, died if result is None else result


def _gather(
    client: Any, work: Callable[..., Any], jobs: dict[int, Any], settings: tuple[Any, ...]
) -> Iterator[tuple[int, Any]]:
    """The results as they come; None for a job that dask gave up because its workers died."""
    import distributed

    run = uuid.uuid4().hex
    futures = {
        client.submit(work, job, *settings, key=f"coursekit-{run}-{number}", pure=False): number
        for number, job in jobs.items()
    }
    for future in distributed.as_completed(list(futures), loop=client.loop):
        number = futures.pop(future)
        try:
            error = future.exception()
        except _CANCELLED as lost:
            error = lost
        if isinstance(error, _CANCELLED):
            raise ClusterError("the dask scheduler was lost; what is done is kept")
        if isinstance(error, distributed.KilledWorker):
            yield number, None
        else:
            yield number, future.result() if error is None else error
        future.release()


@contextmanager
def _client(workers: int | None, scheduler: str | None) -> Iterator[Any]:
    try:
        import dask
        import distributed
    except ImportError as error:
        raise ClusterError('dask is not installed: pip install "coursekit[cluster]"') from error
    if scheduler is not None:
        try:
            client = distributed.Client(scheduler, timeout="10s", set_as_default=False)
        except (OSError, ValueError) as error:
            raise ClusterError(
                f"no dask scheduler answers at {scheduler!r} ({reason(error, (ValueError,))})"
            ) from error
        with client:
            yield client
        return
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": TRIES - 1}),
        distributed.LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, host="127.0.0.1",
            dashboard_address="127.0.0.1:0", memory_limit=0, silence_logs=logging.CRITICAL,
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):  # fmt: skip
        yield client
