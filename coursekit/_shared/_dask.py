"""Many jobs on the workers of dask.distributed: a cluster on this machine, or a running scheduler.

The features of many videos and the grading use it. This module knows neither.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from coursekit._shared._text import reason

if TYPE_CHECKING:
    from distributed import Client, WorkerPlugin

TRIES = 3  # workers that may die with a job before dask gives it up
_CANCELLED = (asyncio.CancelledError, concurrent.futures.CancelledError)


class ClusterError(Exception):
    """dask is not installed, or no scheduler answers; the message says what to do."""


def each(
    work: Callable[..., Any],
    jobs: Sequence[Any],
    settings: tuple[Any, ...] = (),
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    plugins: Mapping[str, WorkerPlugin] = MappingProxyType({}),
) -> Iterator[tuple[int, Any]]:
    """Call `work(job, *settings)` for each job on a worker; yield each job's number and result as they come.

    When a worker dies, dask gives its jobs to another one. It gives up a job with which several workers have
    died. Such a job is tried once more on its own, because another job beside it may have been the cause.

    Args:
        work: a function of a module that the workers can import.
        jobs: the first argument of each call. If a call raises, its result is the exception.
        settings: the other arguments, the same for all jobs.
        workers: start that many on this machine.
        scheduler: or the address of a running scheduler.
        plugins: dask's plugins by name, which each worker has during the run, also a worker that takes the
            place of one that died. At the end their `teardown` is called on each worker.

    Raises:
        ClusterError: dask is not installed, or the scheduler does not answer or was lost.
    """
    with _client(workers, scheduler) as client, _registered(plugins, client):
        given_up = []
        for number, result in _gather(client, work, dict(enumerate(jobs)), settings):
            if result is None:
                given_up.append(number)
            else:
                yield number, result
        for number in given_up:
            for _, result in _gather(client, work, {number: jobs[number]}, settings):
                error = ClusterError("each worker that tried it died (killed, or out of memory)")
                yield number, error if result is None else result


@contextmanager
def _registered(plugins: Mapping[str, WorkerPlugin], client: Client) -> Iterator[None]:
    """Give the plugins to each worker, and take them back at the end."""
    for name, plugin in plugins.items():
        client.register_plugin(plugin, name=name)
    try:
        yield
    finally:
        if client.status == "running":  # the scheduler was not lost
            for name in plugins:
                client.unregister_worker_plugin(name)


def _gather(
    client: Client, work: Callable[..., Any], jobs: dict[int, Any], settings: tuple[Any, ...]
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
            result = future.result() if error is None else error
        except _CANCELLED as cancelled:
            result = cancelled
        if isinstance(result, _CANCELLED):
            raise ClusterError("the dask scheduler was lost; finished jobs are kept")
        yield number, None if isinstance(result, distributed.KilledWorker) else result
        future.release()


@contextmanager
def _client(workers: int | None, scheduler: str | None) -> Iterator[Client]:
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
