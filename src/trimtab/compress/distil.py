"""Distils students from the teacher: small networks learn its probabilities (Hinton et al., 2015)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch

from trimtab.compress.fp32 import export
from trimtab.compress.int8 import OPERATORS, quantise
from trimtab.compress.job import Compressor, Job, answers_of, collapsed, parity
from trimtab.compress.variations import variations
from trimtab.core.objects import Candidate
from trimtab.models.batches import Examples
from trimtab.models.bigrams import Bigrams
from trimtab.models.family import Settings, TextClassifier, load_network
from trimtab.models.fit import fit
from trimtab.models.pretrained import Pretrained, PretrainedClassifier, shallow
from trimtab.models.vocabulary import Start

HARD = 0.5
"""Weight of the true label in the target of a train row; the rest is the teacher's probability."""


COPIES = 8
"""Variations of each train row that the teacher labels; chosen on validation rows of Banking77."""


class Distil(Compressor):
    """A small student and, where the teacher's layers can be cut, a shallow one, both in FP32 and INT8.

    On the train rows alone the teacher has nothing to tell: it answers them all but surely. So it is asked
    about variations of them too, which is what makes a student's confidence worth trusting. No epoch is
    chosen on validation rows, which the gate needs unseen: a student keeps its last. Twice as
    many epochs gave them half a point of accuracy on Banking77's validation rows.
    """

    name: ClassVar[str] = "student"
    needs: ClassVar[tuple[str, ...]] = ("torch-fp32", "ort-int8")

    def compress(self, job: Job, folder: Path) -> list[Candidate]:
        """The candidates `student-fp32`, `student-int8`, `shallow-fp32` and `shallow-int8`."""
        teacher = load_network(job.trained.folder)
        if not isinstance(teacher, PretrainedClassifier):
            return []  # the small families are students themselves
        reference = answers_of(job.made["torch-fp32"].folder, job.valid)
        lesson = _lesson(job)
        found = []
        for course in filter(None, (_small(teacher, job), _shallow(teacher))):
            rows = lesson.first(len(job.train) * (1 + course.copies))
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(job.seed)
                student = course.start()
            checkpoint = folder / "checkpoint" / course.name
            lessons = fit(student, rows, job.valid, course.settings, job.seed, checkpoint, job.tell)
            wide = export(student, folder / f"{course.name}-fp32")
            small = quantise(wide, folder / f"{course.name}-int8", course.operators)
            own, far = answers_of(wide, job.valid), course.distance
            learnt = parity(own, reference)
            lost = parity(answers_of(small, job.valid), own)
            found += [
                Candidate(wide.name, wide, "onnxrt", far, "torch-fp32", learnt, lessons.history),
                Candidate(small.name, small, "onnxrt", far, wide.name, lost, refused=collapsed(lost)),
            ]
        return found


@dataclass(frozen=True)
class Course:
    """How one student learns: where it starts, its settings, how many variations of each row it sees."""

    name: str
    start: Callable[[], TextClassifier]
    settings: Settings
    copies: int
    operators: tuple[str, ...]
    distance: int


def _small(teacher: PretrainedClassifier, job: Job) -> Course:
    """Only its tables of embeddings are quantised, no activation is."""
    family = Bigrams(Start.of(teacher.word_embeddings(), job.train.tokens))
    settings = family.defaults.override({"epochs": 6, "batch_size": 256, "patience": 0})
    blueprint = family.blueprint(len(job.trained.labels), settings.dropout)
    return Course("student", lambda: family.build(blueprint, fresh=True), settings, COPIES, ("Gather",), 4)


def _shallow(teacher: PretrainedClassifier) -> Course | None:
    """A third of the teacher's layers, started from its own first ones; None if they cannot be cut."""
    student = shallow(teacher, max(1, int(teacher.encoder.config.num_hidden_layers) // 3))
    if student is None:
        return None
    settings = Pretrained.defaults.override(
        {"epochs": 2, "batch_size": 64, "head_learning_rate": 5e-4, "patience": 0}
    )
    return Course("shallow", student.train, settings, 1, OPERATORS, 3)


def _lesson(job: Job) -> Examples:
    """The train rows and their variations, with the teacher's probabilities."""
    known = len(job.train)
    rows = [*job.train.tokens, *variations(job.train.tokens, COPIES, job.seed)]
    answers = answers_of(job.made["ort-int8"].folder, Examples(rows, np.empty(0), np.empty(0)))
    answers[:known] = HARD * job.train.targets + (1 - HARD) * answers[:known]
    return Examples(rows, answers, np.concatenate([job.train.truth, answers[known:].argmax(axis=1)]))
