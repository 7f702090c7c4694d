"""The stored trainings of notebook 06 come from the command that they name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from coursekit import motion, order
from tools.data import order_results

pytestmark = pytest.mark.slow

# Another processor rounds differently, so a few clips may get another answer; another seed changes far more.
AGREE = 0.85


@pytest.fixture(scope="module")
def experiment() -> order.Experiment:
    return order.Experiment.load()


@pytest.mark.parametrize("name", ["GRU on differences, pooled", "GRU on similarities of the grid"])
def test_one_seed_trained_again_gives_the_stored_answers(name: str, experiment: order.Experiment) -> None:
    split, stored = experiment.by_film(), order.stored().order[name]
    again = experiment.trial(name, split, stored.rate, seed=2)
    for part in ("same", "other"):
        agree = [(trial.answers[part] == again.answers[part]).double().mean() for trial in stored.trials]
        assert agree[2] >= AGREE
        assert agree[2] == max(agree)  # the seed of this training, and not another one
        assert stored.plausible(split, part, again.accuracy(split, part))


def test_every_answer_is_stored_for_every_clip(experiment: order.Experiment) -> None:
    splits = {
        "order": experiment.by_film(),
        **{shot: experiment.without(number) for number, shot in enumerate(motion.SHOTS)},
    }
    stored = order.stored()
    for where, results in {"order": stored.order, **stored.held_out}.items():
        for trials in results.values():
            for part in order.PARTS:
                count = int(splits[where].part(part).sum())
                assert all(len(trial.answers[part]) == count for trial in trials.trials)


def fake(job: order_results.Job, experiment: order.Experiment, best: float) -> order.Trial:
    """A training that is right on the clips that choose if its rate is the best one."""
    truth = {part: order_results.split(experiment, job).labels[mask] for part, mask in masks(job, experiment)}
    return order.Trial(job.seed, 0, truth if job.rate == best else {p: (y + 1) % 7 for p, y in truth.items()})


def masks(job: order_results.Job, experiment: order.Experiment) -> list[tuple[str, torch.Tensor]]:
    return [(part, order_results.split(experiment, job).part(part)) for part in order.PARTS]


def test_the_rate_that_chooses_best_is_trained_with_every_seed(experiment: order.Experiment) -> None:
    tried = {job: fake(job, experiment, best=0.003) for job in order_results.choosing_jobs()}
    jobs = order_results.chosen_jobs(tried)
    assert {job.rate for job in jobs} == {0.003}
    assert len(jobs) == len(set(jobs)) == (11 + 3) * 10 + 3 * 5 + 7 * (7 * 3 + 2)
    content = order_results.collect({job: fake(job, experiment, 0.003) for job in reversed(jobs)})
    assert list(content["order"]) == list(order.MODELS)
    assert list(content["held_out"]) == list(motion.SHOTS)
    seeds = [each["seed"] for each in content["order"]["GRU on T x D"]["trials"]]
    assert seeds == list(range(10))
    assert len(content["held_out"]["taxi"]["GRU on T x D"]["trials"]) == 3


def test_what_a_job_writes_is_what_the_course_reads(tmp_path: Path, experiment: order.Experiment) -> None:
    job = order_results.Job("held_out", "taxi", "mean of the motion field", 0.01, 1)
    trial = order_results.train(job)
    path = tmp_path / "order_results.json"
    order_results.write(path, order_results.collect({job: trial}))
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["settings"]["made_by"] == "python -m tools.data.order_results"
    read = order.read(content["held_out"]["taxi"]["mean of the motion field"])
    split = experiment.without(list(motion.SHOTS).index("taxi"))
    assert read.accuracies(split, "other").min() > 0.9
    assert torch.equal(read.trials[0].answers["other"], trial.answers["other"])
