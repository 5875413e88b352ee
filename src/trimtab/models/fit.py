"""The one training loop. Events, in order:

    fit_started
      epoch_started
        batch_done      (step, steps, loss)
      epoch_done        (epoch, train_loss, valid_loss, valid_accuracy)
    fit_done

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
    """All that changes while training, so all that a checkpoint holds."""

    optimiser: torch.optim.Optimizer
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

    AdamW (Loshchilov & Hutter, 2019), linear warm-up and decay, gradients clipped to norm 1, and,
    when `settings.average` is not 0, an exponential moving average of the weights (Polyak & Juditsky, 1992)
    that is what gets scored and kept.

    `checkpoint` is a folder in which a killed fit left its state, and goes on from it.
    """
    steps = settings.epochs * math.ceil(len(train) / settings.batch_size)
    state = _State(
        torch.optim.AdamW(network.groups(settings), weight_decay=settings.weight_decay, foreach=True),
        {name: p.detach().clone() for name, p in _moving(network).items()} if settings.average else {},
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(state.optimiser, _triangle(steps, settings.warmup))
    with _reproducible():
        if checkpoint is not None:
            _restore(checkpoint, network, state, schedule)
        tell("fit_started", step=state.step, steps=steps)
        while state.epoch < settings.epochs and state.waited < settings.patience:
            _train_epoch(network, train, settings, seed, state, schedule, checkpoint, tell, steps)
            _close_epoch(network, valid, len(train), settings, state)
            tell("epoch_done", **state.history[-1])
            if checkpoint is not None:
                _save(checkpoint, network, state, schedule)
        network.load_state_dict(state.best, strict=False)
        network.eval()
    tell("fit_done", score=state.best_score, seconds=state.seconds)
    return Fit(tuple(state.history), state.best_score, state.seconds)


def _train_epoch(
    network: TextClassifier,
    train: Examples,
    settings: Settings,
    seed: int,
    state: _State,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    checkpoint: Path | None,
    tell: Tell,
    steps: int,
) -> None:
    lengths = np.array([len(row) for row in train.tokens])
    batches = epoch_batches(lengths, settings.batch_size, seed, state.epoch)
    started = saved = time.monotonic()
    network.train()
    for rows in batches[state.batch :]:
        torch.manual_seed(seed * 1_000_003 + state.step)
        state.loss += _train_batch(network, train, rows, settings, state, schedule) * len(rows)
        state.batch += 1
        state.step += 1
        tell("batch_done", step=state.step, steps=steps)
        now = time.monotonic()
        if checkpoint is not None and now - saved > CHECKPOINT_SECONDS:
            state.seconds, started, saved = state.seconds + now - started, now, now
            _save(checkpoint, network, state, schedule)
    state.seconds += time.monotonic() - started


def _train_batch(
    network: TextClassifier,
    train: Examples,
    rows: np.ndarray,
    settings: Settings,
    state: _State,
    schedule: torch.optim.lr_scheduler.LRScheduler,
) -> float:
    logits, _ = network(*pad([train.tokens[row] for row in rows]))
    loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(train.targets[rows]))
    state.optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    state.optimiser.step()
    schedule.step()
    if state.average:
        moving = [parameter.detach() for parameter in _moving(network).values()]
        torch._foreach_lerp_(list(state.average.values()), moving, 1 - settings.average)
    return loss.item()


def _close_epoch(
    network: TextClassifier, valid: Examples, rows: int, settings: Settings, state: _State
) -> None:
    """Score the epoch, keep its weights if they are the best, and move on to the next."""
    started = time.monotonic()
    weights = {name: p.detach().clone() for name, p in _moving(network).items()}
    network.load_state_dict(state.average, strict=False)
    probabilities = probabilities_of(network, valid.tokens)
    accuracy = float((probabilities.argmax(axis=1) == valid.truth).mean())
    likelihood = probabilities[np.arange(len(valid)), valid.truth]
    if accuracy > state.best_score:
        state.best_score, state.waited = accuracy, 0
        state.best = {name: p.detach().clone() for name, p in _moving(network).items()}
    else:
        state.waited += 1
    network.load_state_dict(weights, strict=False)
    state.epoch += 1
    state.seconds += time.monotonic() - started
    state.history.append(
        {
            "epoch": state.epoch,
            "train_loss": state.loss / rows,
            "valid_loss": float(-np.log(np.maximum(likelihood, 1e-12)).mean()),
            "valid_accuracy": accuracy,
        }
    )
    state.batch, state.loss = 0, 0.0


def probabilities_of(network: TextClassifier, tokens: Any) -> np.ndarray:
    """Class probabilities (rows, classes) float32, in the order of the rows."""
    return predict(network, tokens)[0]


def predict(network: TextClassifier, tokens: Any) -> tuple[np.ndarray, np.ndarray]:
    """Class probabilities (rows, classes) and embeddings (rows, width), float32."""
    order = np.argsort([len(row) for row in tokens], kind="stable")
    parts: list[np.ndarray] = []
    embeddings: list[np.ndarray] = []
    network.eval()
    with torch.inference_mode():
        for start in range(0, len(order), _EVALUATION_ROWS):
            logits, embedding = network(*pad([tokens[row] for row in order[start : start + _EVALUATION_ROWS]]))
            parts.append(logits.softmax(dim=-1).numpy())
            embeddings.append(embedding.numpy())
    back = np.argsort(order, kind="stable")
    return np.concatenate(parts)[back], np.concatenate(embeddings)[back]


def _moving(network: TextClassifier) -> dict[str, torch.Tensor]:
    return {name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad}


def _triangle(steps: int, warmup: float) -> Callable[[int], float]:
    rising = max(1, round(steps * warmup))
    return lambda step: min((step + 1) / rising, max(0.0, (steps - step) / max(1, steps - rising)))


@contextmanager
def _reproducible() -> Iterator[None]:
    """Same seed, same result; the caller's random state and settings come back afterwards."""
    threads_before = torch.get_num_threads()
    strict_before = torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(threads())
    torch.use_deterministic_algorithms(True)
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        torch.use_deterministic_algorithms(strict_before)
        torch.set_num_threads(threads_before)


def _save(folder: Path, network: TextClassifier, state: _State, schedule: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    plain = {name: value for name, value in vars(state).items() if name != "optimiser"}
    body = {
        "network": network.state_dict(),
        "optimiser": state.optimiser.state_dict(),
        "schedule": schedule.state_dict(),
        "state": plain,
    }
    draft = folder / "fit.pt.part"
    torch.save(body, draft)
    draft.replace(folder / "fit.pt")


def _restore(folder: Path, network: TextClassifier, state: _State, schedule: Any) -> None:
    path = folder / "fit.pt"
    if not path.is_file():
        return
    body = torch.load(path, weights_only=True)
    network.load_state_dict(body["network"])
    state.optimiser.load_state_dict(body["optimiser"])
    schedule.load_state_dict(body["schedule"])
    for name, value in body["state"].items():
        setattr(state, name, value)
