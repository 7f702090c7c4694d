"""The features of many videos on dask's workers: each job is one video.

A worker loads the encoder once and does one video at a time, with as many threads as it has cores; only the
process that asked writes the manifest. The folders must be the same for all.
"""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Iterator, Sequence

import torch

from coursekit import encoders
from coursekit._shared._dask import each
from coursekit.features._job import Job, JobResult, attempt, in_one_line
from coursekit.video import Selection

_alone = threading.Lock()


def results(
    jobs: Sequence[Job],
    encoder: str,
    selection: Selection,
    *,
    device: str | None = None,
    precision: str = "auto",
    workers: int | None = None,
    scheduler: str | None = None,
) -> Iterator[tuple[int, JobResult]]:
    """Do all jobs; yield the number of each and how it ended, as they come (see `each`).

    Args:
        jobs: the workers get their paths absolute. Without jobs, no worker is started or asked.
        encoder: its name, as for `encoders.load`.
        selection: which frames.
        device: where to compute; None picks the best, and on a machine with several GPUs one a worker.
        precision: as for `encoders.load`.
        workers: start that many on this machine, but not more than there are jobs.
        scheduler: or the address of a running scheduler, such as "tcp://10.0.0.1:8786".

    Raises:
        ClusterError: dask is not installed, or the scheduler does not answer or was lost.
    """
    if not jobs:
        return
    jobs = [job._replace(video=job.video.absolute(), target=job.target.absolute()) for job in jobs]
    workers = None if workers is None else min(workers, len(jobs))
    threads = None if workers is None else max(1, (os.cpu_count() or 1) // workers)
    settings = encoder, selection, device, precision, threads
    for number, result in each(_work, jobs, settings, workers=workers, scheduler=scheduler):
        yield number, JobResult(in_one_line(result)) if isinstance(result, Exception) else result


def _work(
    job: Job, encoder: str, selection: Selection, device: str | None, precision: str, threads: int | None
) -> JobResult:
    from distributed import get_worker

    worker = get_worker()
    with _alone:  # two videos at once in one process would only be in each other's way
        torch.set_num_threads(threads or worker.state.nthreads)
        try:
            loaded = _loaded(encoder, _device(device, worker.name), precision)
        except (encoders.WeightsError, ValueError) as error:
            return JobResult(f"{in_one_line(error)} (on worker {worker.name})")
        return attempt(job, loaded, selection)


@functools.lru_cache(maxsize=1)
def _loaded(encoder: str, device: str | None, precision: str) -> encoders.Encoder:
    return encoders.load(encoder, device=device, precision=precision)


def _device(device: str | None, name: object) -> str | None:
    """The device of a worker: one GPU each, in turn.

    The workers of a local cluster are numbered. Others have names; they take the first GPU that they are
    shown, and who starts them (dask-cuda, Slurm) shows each its own by CUDA_VISIBLE_DEVICES.
    """
    free = device == "cuda" or (device is None and not os.environ.get("COURSE_DEVICE"))
    if not free or not torch.cuda.is_available():
        return device
    return f"cuda:{name % torch.cuda.device_count()}" if isinstance(name, int) else "cuda"
