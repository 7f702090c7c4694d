"""Train all models of notebook 06 with all seeds: data/order_results.json, and its entry in data/files.json.

    python -m tools.data.order_results            (about 10 minutes on two cores)

Notebook 06 trains each model once and shows it beside these. The file holds the answers of each training to
each clip, one digit for a clip, from which `coursekit.order` computes accuracies, confusion matrices and
intervals:

`order`
    Which motion: learnt on *bikes*, asked about other frames of it and about two other films. 10 seeds for
    the models on stored inputs, 5 for the CNNs.
`appearance`
    Which shot: as many seeds.
`held_out`
    Which motion, with each of the seven shots held out in turn. 3 seeds (2 of the CNN), and not all
    models: a CNN with kernels one frame long cannot pass 4/7 on any shot.

Every training runs on one thread, so that the number of cores does not change the sums' order.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import torch

from coursekit import data, motion, order
from coursekit._shared._files import atomic
from tools.data.order_features import enter

Say = Callable[[str], None]

SEEDS, CNN_SEEDS = 10, 5
HELD_OUT_SEEDS, HELD_OUT_CNN_SEEDS = 3, 2
HELD_OUT_MODELS = (
    "mean of T x D",
    "GRU on T x D",
    "GRU on differences of T x D",
    "GRU on differences, pooled",
    "GRU on differences, grid",
    "GRU on similarities of the grid",
    "mean of the motion field",
    "CNN, kernels 3 x 3 x 3",
)


class Job(NamedTuple):
    """One training: the question, the held-out shot or "", the model, its learning rate, its seed."""

    question: str
    shot: str
    model: str
    rate: float
    seed: int


def choosing_jobs() -> list[Job]:
    """The trainings that choose the rate of each model, the longest first."""
    return [
        Job(question, "", model, rate, seed)
        for question, models in (("order", order.MODELS), ("appearance", order.APPEARANCE))
        for model in sorted(models, key=lambda model: model not in order.CNNS)  # stable
        for rate in order.RATES
        for seed in order.CHOOSING
    ]


def chosen_jobs(trials: Mapping[Job, order.Trial]) -> list[Job]:
    """The trainings that the file holds, at the rates that were best on the clips that choose.

    Args:
        trials: those of `choosing_jobs`.
    """
    rates = {(job.question, job.model): _best_rate(job, trials) for job in trials}
    found = [
        Job(question, "", model, rate, seed)
        for (question, model), rate in rates.items()
        for seed in range(_seeds(model, SEEDS, CNN_SEEDS))
    ]
    held_out = [
        Job("held_out", shot, model, rates["order", model], seed)
        for model in reversed(HELD_OUT_MODELS)
        for shot in motion.SHOTS
        for seed in range(_seeds(model, HELD_OUT_SEEDS, HELD_OUT_CNN_SEEDS))
    ]
    return sorted([*found, *held_out], key=lambda job: job.model not in order.CNNS)  # stable


def train(job: Job) -> order.Trial:
    """One training, on one thread."""
    torch.set_num_threads(1)
    return _experiment().trial(job.model, split(_experiment(), job), job.rate, job.seed, progress=False)


def split(experiment: order.Experiment, job: Job) -> order.Split:
    """The clips of a job: what its model learns from, and what it is asked about."""
    if job.question == "appearance":
        return experiment.by_shot()
    if job.question == "held_out":
        return experiment.without(list(motion.SHOTS).index(job.shot))
    return experiment.by_film()


def collect(trials: Mapping[Job, order.Trial]) -> dict[str, Any]:
    """The content of the file: models in the order of `order.MODELS`, shots in that of the film."""
    places, shots = list(order.MODELS), ["", *motion.SHOTS]
    content: dict[str, Any] = {"settings": _settings(), "order": {}, "appearance": {}, "held_out": {}}
    every = sorted(trials, key=lambda job: (shots.index(job.shot), places.index(job.model), job.seed))
    for question, shot, model in dict.fromkeys(job[:3] for job in every):
        jobs = [job for job in every if job[:3] == (question, shot, model)]
        written = order.written(order.Trials(jobs[0].rate, [trials[job] for job in jobs]))
        models = content[question].setdefault(shot, {}) if shot else content[question]
        models[model] = written
    return content


def write(path: Path, content: dict[str, Any]) -> None:
    """Writes the file, whole or not at all; a line for each training."""
    text = json.dumps(content, indent=1)
    with atomic(path) as partial:
        partial.write_text(text + "\n", encoding="utf-8")


def _settings() -> dict[str, Any]:
    return {
        "made_by": "python -m tools.data.order_results",
        "torch": torch.__version__.partition("+")[0],
        "epochs": order.EPOCHS,
        "batch": order.BATCH,
        "rates": list(order.RATES),
        "seeds_that_choose_the_rate": list(order.CHOOSING),
        "classes": list(motion.CLASSES),
        "shots": list(motion.SHOTS),
    }


def _seeds(model: str, usual: int, cnn: int) -> int:
    """How many seeds a model gets: a CNN, which takes longer, has fewer."""
    return cnn if model in order.CNNS else usual


def _best_rate(job: Job, trials: Mapping[Job, order.Trial]) -> float:
    """The rate of a job's model with the highest accuracy on the clips that choose, a mean over seeds."""
    clips = split(_experiment(), job)

    def score(rate: float) -> float:
        tried = [job._replace(rate=rate, seed=seed) for seed in order.CHOOSING]
        return sum(trials[each].accuracy(clips, "choose") for each in tried)

    return max(order.RATES, key=score)


@cache
def _experiment() -> order.Experiment:
    return order.Experiment.load()


def _run(jobs: Sequence[Job], pool: Executor, folder: Path, say: Say) -> dict[Job, order.Trial]:
    """The trainings of some jobs; those that lie in the folder are read, the others are put there."""
    waiting = {pool.submit(train, job): job for job in jobs if not _file(folder, job).is_file()}
    for count, future in enumerate(as_completed(waiting), start=1):
        job, trial = waiting[future], future.result()
        with atomic(_file(folder, job)) as partial:
            partial.write_text(json.dumps(order.written(order.Trials(job.rate, [trial]))), encoding="utf-8")
        say(f"{count} of {len(waiting)}: {', '.join(map(str, job))}")
    return {job: order.read(json.loads(_file(folder, job).read_text("utf-8"))).trials[0] for job in jobs}


def _file(folder: Path, job: Job) -> Path:
    return folder / f"{'_'.join(map(str, job)).replace(' ', '-')}.json"


def main(arguments: list[str] | None = None, say: Say = print) -> int:
    """Makes the file and enters it in the manifest; the exit code is 0 if all went well."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.data.order_results", description="Train all models of notebook 06."
    )
    parser.add_argument("--out", type=Path, help="another file to write, which no manifest names")
    parser.add_argument("--workers", type=int, default=2, help="processes, one thread each (default 2)")
    parser.add_argument("--resume", type=Path, help="a folder with the finished trainings of an earlier call")
    options = parser.parse_args(arguments)
    with TemporaryDirectory() as temporary:
        folder = options.resume or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
            tried = _run(choosing_jobs(), pool, folder, say)
            trials = _run(chosen_jobs(tried), pool, folder, say)
    path = options.out or data.FOLDER / "order_results.json"
    write(path, collect(trials))
    if options.out is None:
        enter(path, data.FOLDER / "files.json")
    say(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
