"""The experiment of notebook 06: its splits, what the models read, and the stored trainings."""

import json
import math

import pytest
import torch

from coursekit import data, motion, order

SHOTS, CLIPS, T = 7, 588, 8


@pytest.fixture(scope="module")
def experiment():
    """Random pictures and features in the course's sizes, and no films."""
    generator = torch.Generator().manual_seed(1)
    scenes = torch.arange(84).repeat_interleave(7)
    pictures = 22  # of a scene
    clips = motion.Clips(
        frames=torch.randint(0, 256, (84 * pictures, 3, 8, 8), dtype=torch.uint8, generator=generator),
        order=motion._paths(T).repeat(84, 1) + pictures * scenes[:, None],
        labels=torch.arange(7).repeat(84),
        scenes=scenes,
    )
    features, grid = (torch.randn(84 * pictures, length, generator=generator) for length in (1280, 768))
    return order.Experiment(clips, features, grid, torch.randn(CLIPS, T - 1, 7, 7, 2, generator=generator))


def test_parts_share_no_clip_and_leave_none_out(experiment):
    for split in (experiment.by_film(), experiment.without(2)):
        parts = torch.stack([split.part(name) for name in order.PARTS])
        assert (parts.sum(0) == 1).all()
    by_shot = experiment.by_shot()
    assert (torch.stack([by_shot.part(name) for name in order.PARTS]).sum(0) <= 1).all()
    assert not by_shot.other.any()


def test_other_is_the_held_out_shot_and_same_is_not(experiment):
    split = experiment.without(3)
    assert (experiment.shots[split.other] == 3).all()
    assert (experiment.shots[split.learn | split.choose | split.same] != 3).all()
    assert not set(experiment.clips.scenes[split.learn].tolist()) & set(
        experiment.clips.scenes[split.same].tolist()
    )
    sizes = [int(experiment.by_film().part(name).sum()) for name in order.PARTS]
    assert sizes == [5 * 8 * 7, 5 * 2 * 7, 5 * 2 * 7, 2 * 12 * 7]


@pytest.mark.parametrize("name", order.MODELS)
def test_a_model_reads_the_shape_that_it_says(experiment, name):
    model = order.MODELS[name]
    inputs = experiment.inputs(model.reads, experiment.by_film().learn)
    assert inputs.shape == (CLIPS, *model.shape)
    assert model.build().eval()(inputs[:2]).shape == (2, 7)


@pytest.mark.parametrize("name", ["features", "pooled", "grid, differences", "similarities", "motion field"])
def test_inputs_are_standardised_with_the_clips_to_learn_from(experiment, name):
    learn = experiment.by_film().learn
    before = experiment.inputs(name, learn)
    assert before[learn].mean((0, 1)).abs().max() < 1e-3
    assert (before[learn].std((0, 1)) - 1).abs().max() < 0.2
    other = order.Experiment(
        experiment.clips, experiment.features, experiment.grid, experiment.fields.clone()
    )
    other.fields[~learn] = 99  # the other clips change nothing
    assert torch.equal(other.inputs(name, learn)[learn], before[learn])


def test_pooled_is_the_mean_of_the_four_quarters_of_the_grid(experiment):
    learn = experiment.by_film().learn
    grid = experiment.grid[experiment.clips.order].unflatten(2, (192, 4))
    assert torch.allclose(
        experiment.inputs("pooled", learn), order.standardised(grid.mean(3), learn), atol=1e-5
    )
    differences = order.standardised(grid.mean(3).diff(dim=1), learn)
    assert torch.allclose(experiment.inputs("pooled, differences", learn), differences, atol=1e-5)


def test_similarities_say_where_things_went():
    rows = torch.zeros(1, 2, 3, 4)
    rows[0, 0, :, 1] = torch.tensor([3.0, 4.0, 0.0])  # top right, then top left
    rows[0, 1, :, 0] = torch.tensor([6.0, 8.0, 0.0])
    expected = torch.zeros(4, 4)
    expected[1, 0] = 1
    assert torch.allclose(order.similarities(rows.flatten(2)).view(4, 4), expected)


@pytest.mark.parametrize("k", [1, 3])
def test_only_kernels_longer_than_a_frame_see_order(k):
    torch.manual_seed(0)
    model, clip = order.Cnn(k).eval(), torch.rand(1, 3, 8, 40, 40)
    equal = torch.allclose(model(clip), model(clip.flip(2)), atol=1e-5)
    assert equal == (k == 1)


def test_a_seed_gives_the_same_training_and_another_seed_another(experiment):
    split = experiment.by_film()
    first, again, other = (
        experiment.trial("GRU on similarities of the grid", split, 1e-2, s) for s in (3, 3, 4)
    )
    assert all(torch.equal(first.answers[part], again.answers[part]) for part in order.PARTS)
    assert not torch.equal(first.answers["other"], other.answers["other"])
    assert first.accuracy(split, "learn") > first.accuracy(split, "other")  # random features teach nothing


def trials(experiment, name, split, seeds, rate=1e-2):
    return order.Trials(rate, [experiment.trial(name, split, rate, seed) for seed in range(seeds)])


def test_a_model_that_ignores_order_has_no_direction(experiment):
    split = experiment.by_film()
    blind = trials(experiment, "mean of T x D", split, 2)
    assert order.direction(blind.confusion(split, "learn")) == pytest.approx(0.5, abs=0.01)
    table = torch.eye(7, dtype=torch.int64)
    assert order.direction(table) == 1
    assert order.direction(table[[1, 0, 3, 2, 5, 4, 6]]) == 0


def test_an_interval_over_scenes_is_wider_than_one_over_clips():
    scenes = torch.arange(24).repeat_interleave(7)
    right = (scenes % 2).double()
    low, high = order.interval(right, scenes)
    narrow = order.interval(right, torch.arange(len(right)))
    assert low < narrow[0] < 0.5 < narrow[1] < high
    assert high - low == pytest.approx((narrow[1] - narrow[0]) * math.sqrt(7), rel=0.2)


def test_trainings_are_written_and_read_whole(experiment, monkeypatch, tmp_path):
    by_film, by_shot = experiment.by_film(), experiment.by_shot()
    name = "mean of the motion field"
    each = trials(experiment, name, by_film, 2)
    look = trials(experiment, name, by_shot, 2)
    content = {
        "settings": {},
        "order": {name: order.written(each)},
        "appearance": {name: order.written(look)},
        "held_out": {"taxi": {name: order.written(each)}},
    }
    path = tmp_path / "order_results.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    monkeypatch.setattr(data, "file", lambda name: path)
    order.stored.cache_clear()
    try:
        stored = order.stored()
    finally:
        order.stored.cache_clear()
    assert stored.order[name].percent(by_film, "other") == each.percent(by_film, "other")
    assert torch.equal(
        stored.held_out["taxi"][name].confusion(by_film, "same"), each.confusion(by_film, "same")
    )
    assert stored.appearance[name].accuracies(by_shot, "same").tolist() == [
        trial.accuracy(by_shot, "same") for trial in look.trials
    ]


def test_one_more_training_is_plausible_near_the_others_only(experiment):
    split = experiment.by_film()
    truth = split.labels[split.other]
    wrong = (truth + 1) % 7
    three = []
    for seed, rights in enumerate((80, 84, 88)):
        answers = torch.where(torch.arange(len(truth)) < rights, truth, wrong)
        three.append(order.Trial(seed, 0, {"other": answers}))
    three = order.Trials(1e-3, three)
    assert three.plausible(split, "other", 86 / 168)
    assert not three.plausible(split, "other", 120 / 168)
    assert not three.plausible(split, "other", math.nan)
    assert three.right_per_clip(split, "other").mean() == pytest.approx(84 / 168)


def test_on_few_clips_a_training_may_differ_more_than_seeds_that_agree_by_chance(experiment):
    split = experiment.by_film()
    truth = split.labels[split.same]  # 70 clips
    rights = (torch.arange(len(truth)) < 12).long()
    three = order.Trials(1e-3, [order.Trial(seed, 0, {"same": truth + 1 - rights}) for seed in range(3)])
    assert three.plausible(split, "same", 6 / 70)  # 9 and 17 %, both by guessing one of seven
    assert not three.plausible(split, "same", 24 / 70)


def test_a_model_is_repeated_and_compared_with_the_stored_trainings(experiment):
    split, name = experiment.by_film(), "mean of the motion field"
    results = {name: trials(experiment, name, split, 2), "GRU on T x D": None}
    live = experiment.repeat(results, split, [name])
    assert torch.equal(live[name].answers["other"], results[name].trials[0].answers["other"])
    assert list(order.percentages(results, split, [name], ["same"])[name]["same"]) == [
        100 * trial.accuracy(split, "same") for trial in results[name].trials
    ]
    right = {"same": split.labels[split.same], "other": split.labels[split.other]}
    perfect = order.Trials(1e-2, [order.Trial(seed, 0, right) for seed in range(2)])
    with pytest.raises(ValueError, match="on same, the stored trainings 100"):
        experiment.repeat({name: perfect}, split)


def test_the_overview_has_a_column_for_each_part_that_has_clips(experiment):
    by_film, by_shot, name = experiment.by_film(), experiment.by_shot(), "mean of the motion field"
    results = {name: trials(experiment, name, by_film, 2)}
    row = experiment.overview(results, by_film, {name: results[name].trials[0]})[name]
    assert row["other"] == results[name].percent(by_film, "other")
    assert row["other, this run"] == round(100 * results[name].trials[0].accuracy(by_film, "other"))
    low, high = map(int, row["other, 95 % over scenes"].split(" to "))
    assert low <= 100 * results[name].mean(by_film, "other") <= high
    results = {name: trials(experiment, name, by_shot, 2)}
    row = experiment.overview(results, by_shot, {name: results[name].trials[1]})[name]
    assert list(row) == ["rate", "learn", "same", "same, this run"]
    assert row["same, this run"] == round(100 * results[name].trials[1].accuracy(by_shot, "same"))


def test_the_stored_file_holds_every_model_and_every_seed():
    stored = order.stored()
    assert list(stored.order) == list(order.MODELS)
    assert set(stored.appearance) == set(order.APPEARANCE)
    assert list(stored.held_out) == list(motion.SHOTS)
    for results in (stored.order, stored.appearance):
        for name, trials in results.items():
            assert [trial.seed for trial in trials.trials] == list(range(5 if name in order.CNNS else 10))
            assert trials.rate in order.RATES
    settings = {"epochs": order.EPOCHS, "batch": order.BATCH, "rates": list(order.RATES)}
    assert {name: stored.settings[name] for name in settings} == settings
