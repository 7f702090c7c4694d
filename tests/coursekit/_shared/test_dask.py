"""Jobs on dask's workers: a scheduler that is lost, and the plugins that the workers hold during a run."""

import time

import pytest

from coursekit._shared._dask import ClusterError, each

distributed = pytest.importorskip("distributed")


class Notes(distributed.WorkerPlugin):
    """What a worker holds: a list."""

    def setup(self, worker) -> None:
        self.jobs = []


def note(job: int, pause: float) -> list[int]:
    time.sleep(pause)
    jobs = distributed.get_worker().plugins["notes"].jobs
    return [*jobs, jobs.append(job) or job]


@pytest.fixture
def cluster():
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        yield cluster


def test_a_plugin_is_on_the_worker_for_the_time_of_one_run(cluster) -> None:
    (worker,) = cluster.workers.values()
    for _ in range(2):
        results = each(note, range(3), (0,), scheduler=cluster.scheduler_address, plugins={"notes": Notes()})
        assert sorted(len(jobs) for _, jobs in results) == [1, 2, 3]
        assert "notes" not in worker.plugins


def test_a_lost_scheduler_is_one_clear_error(cluster) -> None:
    results = each(note, range(5), (0.3,), scheduler=cluster.scheduler_address, plugins={"notes": Notes()})
    assert next(results) == (0, [0])
    cluster.close()
    with pytest.raises(ClusterError, match="the dask scheduler was lost; finished jobs are kept"):
        list(results)
