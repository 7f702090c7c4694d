import pytest
import torch
from torch.utils.data import DataLoader

from coursekit import puzzles


@pytest.fixture(scope="module")
def dozen():
    return puzzles.layout_puzzles()


def test_a_dozen_different_puzzles(dozen):
    assert len(dozen) == len({puzzle.code for puzzle in dozen}) == 12


def test_each_mistake_leads_to_a_shape_of_its_own_that_is_wrong(dozen):
    for puzzle, draft in zip(dozen, puzzles._DRAFTS, strict=True):
        assert puzzle.answer not in puzzle.wrong, puzzle.code
        assert len(puzzle.wrong) == len(draft.slips), puzzle.code


def test_shapes_are_those_of_the_code_run_here(dozen):
    clip = torch.zeros(16, 3, 91, 161)
    by_line = {puzzle.code.splitlines()[-1]: puzzle for puzzle in dozen}
    assert by_line["clip.permute(1, 0, 2, 3)"].answer == tuple(clip.permute(1, 0, 2, 3).shape)
    assert by_line["next(iter(loader))"].answer == tuple(
        next(iter(DataLoader([clip] * 5, batch_size=4))).shape
    )
    network = torch.nn.Conv3d(3, 8, 3, bias=False)
    assert by_line["F.conv3d(clip.permute(1, 0, 2, 3)[None], kernels)"].answer == tuple(
        network(clip.permute(1, 0, 2, 3)[None]).shape
    )


def test_every_answer_is_explained(dozen):
    for puzzle in dozen:
        assert puzzle.because.endswith(".")
        for shape, mistake in puzzle.wrong.items():
            assert mistake.endswith("."), (puzzle.code, shape)
            assert str(puzzle.answer) not in mistake  # a hint, not the answer


def test_the_reshape_puzzle_tells_the_truth_about_mixed_axes():
    clip = torch.arange(16 * 3 * 91 * 161).view(16, 3, 91, 161)
    assert not torch.equal(clip.reshape(3, 16, 91, 161), clip.permute(1, 0, 2, 3))


def test_running_puzzles_leaves_the_random_numbers_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    puzzles.layout_puzzles()
    assert torch.equal(torch.rand(3), expected)


def test_code_must_end_in_an_expression():
    with pytest.raises(ValueError, match="must be an expression, got 'x = 1'"):
        puzzles.shape_of("x = 1")


def test_the_convolution_puzzle_gives_the_rule_that_only_notebook_03_derives(dozen):
    puzzle = next(each for each in dozen if "F.conv3d" in each.code)
    assert "makes each of T, H, W shorter by 2" in puzzle.code
    assert puzzle.answer[2:] == (16 - 2, 91 - 2, 161 - 2)
