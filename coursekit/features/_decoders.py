"""The features of many videos with several decoding processes, which feed one network.

Each process decodes one video after the other and resizes its frames. The process that asked computes their
features and writes the files; as many files grow at the same time as there are decoding processes. This is
for a GPU that waits for its frames: a CPU has no time left for it.
"""

from __future__ import annotations

import functools
import multiprocessing
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from typing import Any

import torch
from torch.utils.data import DataLoader, IterableDataset

from coursekit._shared._text import first_line
from coursekit.encoders import Encoder
from coursekit.features import _extract
from coursekit.features._extract import Prepared, describe_source, fetched
from coursekit.features._file import target_of, writing
from coursekit.features._formats import Append, FeaturesError, Notes
from coursekit.features._job import Job, JobResult, damage, in_one_line, make_folder
from coursekit.features._prefetch import ahead
from coursekit.video import DamagedVideoWarning, Selection

# Of one video, in this order: the notes on its file, its batches, how it ended.
Content = Notes | Prepared | JobResult


class _DiedError(Exception):
    """A decoding process has ended: killed, or out of memory."""


def results(
    jobs: Sequence[Job], encoder: Encoder, selection: Selection, recipe: Notes, decoders: int
) -> Iterator[tuple[int, JobResult]]:
    """Do all jobs; yield the number of each and how it ended, as they come.

    When a decoding process dies, the videos that were being decoded are decoded again, each alone. One with
    which the process dies again has failed.

    Args:
        jobs: the videos, and the files to write. Without jobs, no process and no network is started.
        encoder: what computes.
        selection: which frames.
        recipe: of `extract.recipe`, for the feature files.
        decoders: how many processes decode, 1 or more.

    Raises:
        FeaturesError: the decoding processes cannot be started.
    """
    if not jobs:
        return
    prepare = functools.partial(
        _extract.batches, selection=selection, preprocessing=encoder.preprocessing, windows=encoder.windows,
        size=encoder.batch, device=torch.device("cpu"),
    )  # fmt: skip
    groups = [list(range(len(jobs)))]  # of videos that are decoded side by side
    while groups:
        numbers = groups.pop()
        videos = _Videos({number: jobs[number] for number in numbers}, prepare)
        ended = set()
        try:
            for number, result in _computed(videos, encoder, recipe, min(decoders, len(numbers))):
                ended.add(number)
                yield number, result
        except _DiedError as error:
            left = [number for number in numbers if number not in ended]
            suspects = [number for number in videos.begun() if number in left]
            if not left:  # the others have done all
                continue
            if not ended and not suspects:
                raise FeaturesError(
                    f"the decoding processes do not start ({error}): use decoders=0"
                ) from error
            if len(numbers) == 1:
                yield numbers[0], JobResult(f"the process that decoded it died ({error})")
                continue
            rest = [number for number in left if number not in suspects]
            groups += [rest] if rest else []
            groups += [[number] for number in suspects]


class _Videos(IterableDataset[tuple[int, Content]]):
    """What each decoding process does: it takes the next video that nobody has begun, and decodes it."""

    def __init__(self, jobs: Mapping[int, Job], prepare: Callable[..., Iterator[Prepared]]) -> None:
        """See `results`; `prepare` gives the batches of a video."""
        self.jobs, self.prepare = jobs, prepare
        self._count = multiprocessing.Value("i", 0)  # of videos that were begun, in all processes together

    def begun(self) -> list[int]:
        """The numbers of the videos that some process has begun."""
        return list(self.jobs)[: self._count.value]

    def __iter__(self) -> Iterator[tuple[int, Content]]:
        """The number and the content of each message on the videos that this process decodes."""
        numbers = list(self.jobs)
        while True:
            with self._count.get_lock():
                place = self._count.value
                self._count.value += 1
            if place >= len(numbers):
                return
            for content in self._decoded(self.jobs[numbers[place]]):
                yield numbers[place], content

    def _decoded(self, job: Job) -> Iterator[Content]:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", DamagedVideoWarning)
            try:
                yield describe_source(job.video)
                yield from self.prepare(job.video, track=job.track, decoder=job.decoder)
            except Exception as error:  # a strange file may raise anything, and must not stop the others
                yield JobResult(in_one_line(error))
                return
        yield JobResult(note=damage(caught))


def _computed(
    videos: _Videos, encoder: Encoder, recipe: Notes, decoders: int
) -> Iterator[tuple[int, JobResult]]:
    """Compute what the decoding processes send; yield the number of each video and how it ended."""
    films = {number: _Film(job, encoder, recipe) for number, job in videos.jobs.items()}
    try:
        with closing(ahead(_messages(videos, decoders))) as messages:  # type: ignore[type-var]
            for number, content in messages:
                result = films[number].take(content) if number in films else None
                if result is not None:
                    del films[number]
                    yield number, result
    finally:
        for film in films.values():
            film.abandon()


def _messages(videos: _Videos, decoders: int) -> Iterator[tuple[int, Content]]:
    """What the processes send, as it comes; of one video in order. Each is at most two messages ahead.

    Raises:
        _DiedError: a process has ended before its videos.
    """
    loader = _Loader(
        videos, batch_size=None, num_workers=decoders, prefetch_factor=2, in_order=False, collate_fn=_as_it_is
    )
    try:
        yield from loader
    except RuntimeError as error:  # what the loader raises for that
        raise _DiedError(first_line(error)) from None


class _Loader(DataLoader[tuple[int, Content]]):
    """PyTorch's loader, which does not warn that there are more processes than cores."""

    def check_worker_number_rationality(self) -> None:
        """Accept the number that the user has asked for."""


def _as_it_is(content: Any) -> Any:
    return content


class _Film:
    """A video whose batches come from a decoding process."""

    def __init__(self, job: Job, encoder: Encoder, recipe: Notes) -> None:
        """Nothing is written before the first message has come."""
        self.job, self.encoder, self.recipe = job, encoder, recipe
        self._file = ExitStack()
        self._append: Append
        self._launched: tuple[torch.Tensor, list[float], list[int]] | None = None

    def take(self, content: Content) -> JobResult | None:
        """Do what the next message says; the result, if the video has ended with it."""
        try:
            if isinstance(content, JobResult):
                return self._ended(content)
            if isinstance(content, dict):
                make_folder(self.job.target.parent)
                target = target_of(self.job.target, self.job.video)
                file = writing(target, {**self.recipe, **content}, self.encoder.k)
                self._append = self._file.enter_context(file)
            else:
                images, times, numbers = content
                self._write((self.encoder.launch(images), times, numbers))
        except Exception as error:  # a full disk, or a network that cannot take this: the other videos go on
            self.abandon()
            return JobResult(in_one_line(error))
        return None

    def abandon(self) -> None:
        """Leave no file, if it is not there yet."""
        with suppress(Exception), self._file:
            raise InterruptedError

    def _write(self, following: tuple[torch.Tensor, list[float], list[int]] | None) -> None:
        """Write the rows that were launched last; those that follow are on their way to the device."""
        if self._launched is not None:
            self._append(fetched(*self._launched))
        self._launched = following

    def _ended(self, result: JobResult) -> JobResult:
        if result.error:
            self.abandon()
        else:
            self._write(None)
            self._file.close()  # now the file is there
        return result
