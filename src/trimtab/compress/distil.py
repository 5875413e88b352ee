"""Distils a student from the teacher: a small network that learns the teacher's probabilities."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
import torch

from trimtab.compress.fp32 import export
from trimtab.compress.int8 import quantise
from trimtab.compress.job import Compressor, Job, answers_of, parity
from trimtab.compress.variations import variations
from trimtab.core.objects import Candidate
from trimtab.models.batches import Examples
from trimtab.models.family import load_network
from trimtab.models.fit import fit
from trimtab.models.static import Static
from trimtab.models.vocabulary import Start

HARD = 0.5
"""Weight of the true label in the target of a train row; the rest is the teacher's probability."""
COPIES = 4
"""Variations of each train row that the teacher labels."""
EPOCHS = 12


class Distil(Compressor):
    """A `static` student (Hinton et al., 2015), in FP32 and with INT8 word embeddings.

    On the train rows alone the teacher has nothing to tell: it answers them all but surely. So it is asked
    about variations of them too, which is what makes the student's confidence worth trusting.
    """

    name: ClassVar[str] = "student"
    needs: ClassVar[tuple[str, ...]] = ("ort-fp32", "ort-int8")

    def compress(self, job: Job, folder: Path) -> list[Candidate]:
        """The candidates `student-fp32` and `student-int8`."""
        teacher = answers_of(job.made["ort-fp32"].folder, job.valid)
        lesson = _lesson(job)
        family = Static(Start.of(_word_embeddings(job), job.train.tokens))
        settings = family.defaults.override({"epochs": EPOCHS})
        blueprint = family.blueprint(lesson.targets.shape[1], settings.dropout)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(job.seed)
            student = family.build(blueprint, fresh=True)
        fit(student, lesson, job.valid, settings, job.seed, folder / "checkpoint", job.tell)
        wide = export(student, folder / "student-fp32")
        small = quantise(wide, folder / "student-int8", operators=("Gather",))
        return [
            Candidate(made.name, made, "onnxrt", source=source, parity=parity(answers_of(made, job.valid), teacher))
            for made, source in ((wide, "torch-fp32"), (small, "student-fp32"))
        ]


def _lesson(job: Job) -> Examples:
    """The train rows and their variations, with the teacher's probabilities."""
    fresh = variations(job.train.tokens, COPIES, job.seed)
    rows = [*job.train.tokens, *fresh]
    answers = answers_of(job.made["ort-int8"].folder, Examples(rows, np.empty(0), np.empty(0)))
    known = len(job.train)
    answers[:known] = HARD * job.train.targets + (1 - HARD) * answers[:known]
    return Examples(rows, answers, np.concatenate([job.train.truth, answers[known:].argmax(axis=1)]))


def _word_embeddings(job: Job) -> torch.Tensor:
    """The teacher's table of word embeddings."""
    teacher = load_network(job.trained.folder)
    table: torch.Tensor = teacher.encoder.get_input_embeddings().weight.detach()
    return table
