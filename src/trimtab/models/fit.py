"""The one training loop. Events, in order:

    fit_started         (step, steps)
        batch_done      (step, steps)
      epoch_done        (epoch, train_loss, valid_loss, valid_accuracy)
    fit_done            (score, seconds)

The loop is resumable to the last bit: the order of rows follows from seed and epoch, dropout from
seed and step, and a checkpoint holds everything else.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from trimtab.core.machine import threads
from trimtab.models.batches import Examples, epoch_batches, pad
from trimtab.models.family import Settings, TextClassifier

Tell = Callable[..., object]
CHECKPOINT_SECONDS = 20.0
CHECKPOINT_FILE = "fit.pt"
SMALL = 2_000_000
"""Trained parameters up to which a network trains on one thread."""
_EVALUATION_ROWS = 64


def silent(event: str, **numbers: Any) -> None:
    """Tell nobody."""
    del event, numbers


@dataclass(frozen=True)
class Fit:
    """What a fit leaves besides the weights: one history row per epoch (epoch, train_loss, valid_loss,
    valid_accuracy), the best validation accuracy, and the seconds spent, earlier tries included."""

    history: tuple[dict[str, float], ...]
    score: float
    seconds: float


@dataclass
class _State:
    """All that changes while training besides the network and its optimiser."""

    average: dict[str, torch.Tensor]
    best: dict[str, torch.Tensor] = field(default_factory=dict)
    best_score: float = -1.0
    epoch: int = 0
    batch: int = 0
    step: int = 0
    loss: float = 0.0
    waited: int = 0
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)


@dataclass(frozen=True)
class _Task:
    """One fit: what it trains, on what, how; `state` is where it stands."""

    network: TextClassifier
    train: Examples
    valid: Examples
    settings: Settings
    seed: int
    checkpoint: Path | None
    tell: Tell
    steps: int
    optimiser: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LambdaLR
    state: _State


def fit(
    network: TextClassifier,
    train: Examples,
    valid: Examples,
    settings: Settings,
    seed: int,
    checkpoint: Path | None = None,
    tell: Tell = silent,
) -> Fit:
    """Train `network` in place; it ends with the weights of its best epoch by validation accuracy.

    With `settings.patience` 0 it trains every epoch and keeps the last, so that no validation row has a say.

    AdamW (Loshchilov & Hutter, 2019), linear warm-up and decay, gradients clipped to norm 1, and, when
    `settings.average` is not 0, an exponential moving average of the weights (Polyak & Juditsky, 1992)
    that is what gets scored and kept. `checkpoint` is a folder in which a killed fit left its state, and
    goes on from it.
    """
    steps = settings.epochs * math.ceil(len(train) / settings.batch_size)
    optimiser = torch.optim.AdamW(network.groups(settings), weight_decay=settings.weight_decay, foreach=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, _triangle(steps, settings.warmup))
    state = _State(_copy(network) if settings.average else {})
    task = _Task(network, train, valid, settings, seed, checkpoint, tell, steps, optimiser, schedule, state)
    with _reproducible(_threads_for(network)):
        _restore(task)
        tell("fit_started", step=state.step, steps=steps)
        while state.epoch < settings.epochs and not (settings.patience and state.waited >= settings.patience):
            _train_epoch(task)
            _close_epoch(task)
            tell("epoch_done", **state.history[-1])
            _save(task)
        network.load_state_dict(state.best, strict=False)
        network.eval()
    tell("fit_done", score=state.best_score, seconds=state.seconds)
    return Fit(tuple(state.history), state.best_score, state.seconds)


def _train_epoch(task: _Task) -> None:
    state = task.state
    lengths = np.array([len(row) for row in task.train.tokens])
    batches = epoch_batches(lengths, task.settings.batch_size, task.seed, state.epoch)
    saved = time.monotonic()
    task.network.train()
    for rows in batches[state.batch :]:
        started = time.monotonic()
        torch.manual_seed(task.seed * 1_000_003 + state.step)
        state.loss += _train_batch(task, rows) * len(rows)
        state.batch += 1
        state.step += 1
        now = time.monotonic()
        state.seconds += now - started
        task.tell("batch_done", step=state.step, steps=task.steps)
        if now - saved > CHECKPOINT_SECONDS:
            saved = now
            _save(task)


def _train_batch(task: _Task, rows: np.ndarray) -> float:
    """One step; returns the mean loss of the rows."""
    network, average = task.network, task.state.average
    logits, _ = network(*pad([task.train.tokens[row] for row in rows]))
    loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(task.train.targets[rows]))
    task.optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    task.optimiser.step()
    task.schedule.step()
    if average:
        moving = [parameter.detach() for parameter in _moving(network).values()]
        torch._foreach_lerp_(list(average.values()), moving, 1 - task.settings.average)
    return loss.item()


def _close_epoch(task: _Task) -> None:
    """Score the epoch, keep its weights if they are the best, and move on to the next."""
    network, valid, state = task.network, task.valid, task.state
    started = time.monotonic()
    weights = _copy(network)
    network.load_state_dict(state.average, strict=False)
    probabilities = predict(network, valid.tokens)[0]
    accuracy = float((probabilities.argmax(axis=1) == valid.truth).mean())
    likelihood = probabilities[np.arange(len(valid)), valid.truth]
    if accuracy > state.best_score or not task.settings.patience:
        state.best_score, state.waited, state.best = accuracy, 0, _copy(network)
    else:
        state.waited += 1
    network.load_state_dict(weights, strict=False)
    state.epoch += 1
    state.seconds += time.monotonic() - started
    state.history.append(
        {
            "epoch": state.epoch,
            "train_loss": state.loss / len(task.train),
            "valid_loss": float(-np.log(np.maximum(likelihood, 1e-12)).mean()),
            "valid_accuracy": accuracy,
        }
    )
    state.batch, state.loss = 0, 0.0


def predict(network: TextClassifier, tokens: Any) -> tuple[np.ndarray, np.ndarray]:
    """Class probabilities (rows, classes) and embeddings (rows, width), float32."""
    order = np.argsort([len(row) for row in tokens], kind="stable")
    parts: list[np.ndarray] = []
    embeddings: list[np.ndarray] = []
    network.eval()
    with torch.inference_mode():
        for start in range(0, len(order), _EVALUATION_ROWS):
            logits, embedding = network(
                *pad([tokens[row] for row in order[start : start + _EVALUATION_ROWS]])
            )
            parts.append(logits.softmax(dim=-1).numpy())
            embeddings.append(embedding.numpy())
    back = np.argsort(order, kind="stable")
    return np.concatenate(parts)[back], np.concatenate(embeddings)[back]


def _moving(network: TextClassifier) -> dict[str, torch.Tensor]:
    return {name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad}


def _copy(network: TextClassifier) -> dict[str, torch.Tensor]:
    return {name: parameter.detach().clone() for name, parameter in _moving(network).items()}


def _triangle(steps: int, warmup: float) -> Callable[[int], float]:
    rising = max(1, round(steps * warmup))
    return lambda step: min((step + 1) / rising, max(0.0, (steps - step) / max(1, steps - rising)))


def _threads_for(network: TextClassifier) -> int:
    """One thread for a small network: sharing its work out costs more than the work."""
    moving = sum(parameter.numel() for parameter in _moving(network).values())
    return threads() if moving > SMALL else 1


@contextmanager
def _reproducible(threads: int) -> Iterator[None]:
    """Same seed, same result; the caller's random state and settings come back afterwards."""
    threads_before = torch.get_num_threads()
    strict_before = torch.are_deterministic_algorithms_enabled()
    filled_before = torch.utils.deterministic.fill_uninitialized_memory
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # every result is written before it is read
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        torch.utils.deterministic.fill_uninitialized_memory = filled_before
        torch.use_deterministic_algorithms(strict_before)
        torch.set_num_threads(threads_before)


def _save(task: _Task) -> None:
    """Write the checkpoint, if one is wanted: the old one or the new one is there, never half of it."""
    if task.checkpoint is None:
        return
    task.checkpoint.mkdir(parents=True, exist_ok=True)
    body = {
        "network": task.network.state_dict(),
        "optimiser": task.optimiser.state_dict(),
        "schedule": task.schedule.state_dict(),
        "state": vars(task.state),
    }
    draft = task.checkpoint / "fit.pt.part"
    torch.save(body, draft)
    draft.replace(task.checkpoint / CHECKPOINT_FILE)


def _restore(task: _Task) -> None:
    """Go on from the checkpoint, if there is one."""
    if task.checkpoint is None or not (task.checkpoint / CHECKPOINT_FILE).is_file():
        return
    body = torch.load(task.checkpoint / CHECKPOINT_FILE, weights_only=True)
    task.network.load_state_dict(body["network"])
    task.optimiser.load_state_dict(body["optimiser"])
    task.schedule.load_state_dict(body["schedule"])
    vars(task.state).update(body["state"])
