# ruff: noqa: E501 (figures stand in rows)
"""A record as the chain writes it, with every part there: figures of the size that Banking77 gives."""

from __future__ import annotations

from typing import Any

import numpy as np

from trimtab.loop.record import CandidateRecord, Record

LABELS = [
    "activate_my_card", "card_arrival", "card_delivery_estimate", "balance_not_updated_after_bank_transfer",
    "pending_transfer", "transfer_not_received_by_recipient", "top_up_failed", "top_up_reverted", "why_verify_identity",
    "verify_my_identity", "wrong_exchange_rate_for_cash_withdrawal", "card_payment_wrong_exchange_rate",
    *(f"intent_{at:02d}" for at in range(65)),
]  # fmt: skip
HOSTILE = "<script>document.title = 'taken over'</script> & \"more\""


def sample_record() -> Record:
    rng = np.random.default_rng(0)
    before = {
        label: int(count) for label, count in zip(LABELS, rng.integers(30, 210, len(LABELS)), strict=True)
    }
    after = {label: count - int(rng.integers(0, 6)) for label, count in before.items()}
    candidates = [
        _candidate("onnx-fp32", 0.9338, 0.0, 6.8, 15.7, 288, 91.2e6, "teacher", front=True),
        _candidate("onnx-int8", 0.9325, 0.0013, 3.6, 10.4, 440, 23.4e6, "onnx-fp32", front=True),
        _candidate("student-fp32", 0.9130, 0.0208, 0.54, 1.0, 5665, 47.1e6, "teacher", front=False),
        _candidate("student-int8", 0.9126, 0.0212, 0.49, 0.95, 6010, 12.0e6, "student-fp32", front=True),
        _candidate("cascade", 0.9338, 0.0, 0.8, 9.8, 2210, 24.3e6, "student-int8", front=True),
        {
            "name": "onnx-int4",
            "refused": "parity: 41.20 % of the answers agree with the source, at least 97 % must",
        },
    ]
    return {
        "name": "banking77",
        "date": "2026-11-24 02:30 UTC",
        "verdict": {
            "verdict": "met",
            "winner": "cascade",
            "binding": "size",
            "sentences": [
                "The cascade answers 2,210 requests a second in 24.3 MB and gives up nothing measurable of the "
                "teacher's accuracy.",
                "Size binds: 24.3 MB of 25.0 MB are used. Of 5 measured candidates 2 keep every budget; "
                "the cascade is the fastest of them.",
            ],
        },
        "budget": {"accuracy_drop": 0.005, "latency_p99_ms": 15.0, "size_bytes": 25_000_000},
        "candidates": candidates,
        "teacher": {"name": "minilm", "accuracy": 0.9338, "p99_ms": 15.7, "throughput": 288.0, "size_bytes": 91_200_000},
        "test": {
            "drop": 0.0003, "low": -0.0031, "high": 0.0038, "p_value": 0.91, "level": 0.9, "only_a": 21, "only_b": 20, "rows": 3080,
            "teacher_accuracy": 0.9338, "winner_accuracy": 0.9335,
        },
        "test_look": 1,
        "stages": [
            {"name": "data", "seconds": 4.2, "note": "10,003 rows read, 9,874 kept"},
            {"name": "train", "seconds": 744.0, "accuracy": 0.9338, "latency": 23.9, "size": 91_700_000, "note": "minilm, 3 epochs"},
            {"name": "export", "source": "train", "seconds": 11.3, "accuracy": 0.9338, "latency": 15.7, "size": 91_200_000, "note": "6 of 6 attention layers fused"},
            {"name": "int8", "source": "export", "seconds": 38.5, "accuracy": 0.9325, "latency": 10.4, "size": 23_400_000, "note": "static scales, per channel"},
            {"name": "distil", "source": "train", "seconds": 57.0, "accuracy": 0.9126, "latency": 0.95, "size": 12_000_000, "note": "static student"},
            {"name": "cascade", "source": "train", "seconds": 6.1, "accuracy": 0.9338, "latency": 9.8, "size": 24_300_000, "note": "threshold 0.83: the student keeps 83 %"},
            {"name": "measure", "seconds": 92.0},
        ],
        "data": {
            "read": {"train": 10003, "test": 3080},
            "kept": {"train": 8885, "valid": 989, "test": 3080},
            "dropped": [
                {"split": "train", "step": "drop_duplicates", "reason": "exact duplicate", "rows": 41},
                {"split": "train", "step": "near_duplicates", "reason": "near duplicate, similarity 0.9 or more", "rows": 88},
            ],
            "labels": {"before": before, "after": after},
            "lengths": {
                "before": {"min": 2, "p50": 10, "p95": 27, "p99": 47, "max": 79},
                "after": {"min": 2, "p50": 10, "p95": 27, "p99": 46, "max": 79},
            },
            "length_unit": "words",
            "length_counts": {"edges": [0, 5, 10, 20, 40, 80], "before": [900, 4100, 3600, 1200, 203], "after": [880, 4050, 3560, 1190, 194]},
            "missing": {"before": {"text": 0.0, "amount": 0.21, "kind": 0.4}, "after": {"text": 0.0, "amount": 0.0, "kind": 0.0}},
            "augmented": 17_200,
            "augmentation": [
                {"step": "synonym", "kept": 8_310, "nothing to rewrite": 102, "unchanged or repeated": 473},
                {"step": "back_translation", "kept": 8_890, "too far from the source": 61},
            ],
            "copies": [
                {"step": "near_duplicates", "clusters": 61, "rows": 149, "dropped": 88, "largest": 5, "conflicts": 1,
                 "conflicting": [{"cluster": 3, "rows": 3, "kept": 1, "ids": [17, 290, 4411], "stays": [17], "labels": {HOSTILE: 1, "card_arrival": 2}}],
                 "agreeing": [{"cluster": 31, "rows": 9, "kept": 1, "ids": list(range(31, 40)), "stays": [33], "labels": {"top_up_failed": 9}}]},
            ],
            "steps": {"label_errors": {"judged": 9874, "suspects": 2, "decided": {"drop": 1}, "ranked": [
                {"id": 12, "given": "card_arrival", "suggested": HOSTILE, "score": 0.0313},
                {"id": 90, "given": "top_up_failed", "suggested": "top_up_reverted", "score": 0.0714}]}},
            "features": [
                {"step": "tokens", "read": True},
                {"step": "tfidf", "read": False, "column": "tfidf", "features": 9_428},
                {"step": "select_correlation", "read": False, "column": "few", "features": 1, "of": 9_428, "stability": [0.81, 0.74, 0.88],
                 "ranked": [{"feature": "card", "score": 0.71, "kept": True, "frequency": 1.0},
                            {"feature": HOSTILE, "score": 0.33, "kept": False, "frequency": 0.2}]},
            ],
            "leakage": {"train_valid": {"exact": 0, "near": 3}, "train_test": {"exact": 4, "near": 17, "near_pairs": [_twin()]}},
        },
        "dropped": _dropped(129),
        "curves": {
            "minilm": _curve([1.61, 0.34, 0.17], [0.52, 0.29, 0.26], [0.892, 0.928, 0.9338]),
            "static student": _curve([2.9, 1.2, 0.7, 0.5, 0.42], [1.7, 0.9, 0.62, 0.51, 0.48], [0.71, 0.85, 0.89, 0.908, 0.913]),
        },
        "trials": [
            {"number": 0, "params": {"learning_rate": 3e-4, "batch_size": 48}, "value": 0.9338, "state": "complete"},
            {"number": 1, "params": {"learning_rate": 8e-5, "batch_size": 32}, "value": 0.9211, "state": "complete"},
            {"number": 2, "params": {"learning_rate": 2.1e-3, "batch_size": 64}, "value": 0.8412, "state": "pruned"},
            {"number": 3, "params": {"learning_rate": 4e-4, "batch_size": 64}, "value": 0.9349, "state": "complete"},
            {"number": 4, "params": {"learning_rate": 5e-2, "batch_size": 64}, "value": None, "state": "failed"},
        ],
        "confusion": _confusion(),
        "latencies": {
            "onnx-fp32": rng.lognormal(np.log(6.8), 0.35, 1000).tolist(),
            "onnx-int8": rng.lognormal(np.log(3.6), 0.4, 1000).tolist(),
            "student-int8": rng.lognormal(np.log(0.49), 0.25, 1000).tolist(),
            "cascade": np.where(rng.random(1000) < 0.83, rng.lognormal(np.log(0.6), 0.25, 1000), rng.lognormal(np.log(4.4), 0.35, 1000)).tolist(),
        },
        "environment": {
            "cpu": "AMD EPYC 7763 (avx2)", "threads": 2, "memory_gib": 23.4, "system": "Linux-6.1-x86_64", "python": "3.11.9",
            "packages": {"trimtab": "0.1.0", "torch": "2.13.0", "onnxruntime": "1.24.1", "polars": "1.40.0"},
        },
        "features_folder": ".trimtab/store/features/91ab0c",
        "spec": [
            {"option": "data.train", "value": "data/train.csv", "origin": "trimtab.yaml:3"},
            {"option": "budget.size", "value": 25000000, "origin": "--set budget.size"},
            {"option": "tune.trials", "value": 1, "origin": "default"},
        ],
        "command": "trimtab run --file trimtab.yaml --set budget.size=25MB",
        "seconds": 953.1,
        "seed": 0,
        "run_folder": ".trimtab/runs/2f6c01",
        "dropped_folder": ".trimtab/store/data/7cfae2fea8ec/dropped",
    }  # fmt: skip


def infeasible_record() -> dict[str, Any]:
    """The same run under a budget that nothing can keep."""
    record: dict[str, Any] = {**sample_record()}
    record["budget"] = {"accuracy_drop": 0.002, "latency_p99_ms": 2.0, "size_bytes": 10_000_000}
    record["verdict"] = {
        "verdict": "infeasible",
        "winner": None,
        "binding": "size",
        "nearest": ["student-int8", "cascade"],
        "sentences": ["Size binds: student-int8 needs 12.0 MB, the budget allows 10.0 MB."],
    }
    for one in record["candidates"]:
        if "uses" in one:
            one["uses"] = _uses(one["drop"]["high"], one["p99_ms"], one["size_bytes"], 0.002, 2.0, 10_000_000)
    return record


def minimal_record() -> dict[str, Any]:
    """Only what every record holds: no test rows, no curves, no data facts, one refused candidate."""
    return {
        "verdict": {"verdict": "infeasible", "winner": None, "binding": None, "sentences": []},
        "budget": {},
        "candidates": [{"name": "onnx-fp32", "refused": "4 of 6 attention layers fused"}],
        "command": "trimtab run",
        "seconds": 1.0,
        "seed": 0,
        "date": "2026-11-24 02:30 UTC",
        "run_folder": ".trimtab/runs/0",
        "dropped_folder": ".trimtab/store/data/0/dropped",
        "environment": {},
    }


def _candidate(
    name: str,
    accuracy: float,
    drop: float,
    p50: float,
    p99: float,
    throughput: float,
    size: float,
    source: str,
    front: bool,
) -> CandidateRecord:
    high = drop + 0.0034
    return {
        "name": name,
        "accuracy": accuracy, "accuracy_low": accuracy - 0.009, "accuracy_high": accuracy + 0.0088,
        "p50_ms": p50, "p99_ms": p99, "p99_low_ms": p99 * 0.94, "p99_high_ms": p99 * 1.09,
        "throughput": throughput, "size_bytes": int(size), "rows": 989, "samples": 1000, "threads": 2,
        "cpu": "AMD EPYC 7763 (avx2)", "measured_on": "valid", "valid_accuracy": accuracy,
        "drop": {"drop": drop, "low": drop - 0.0033, "high": high, "p_value": 0.7, "level": 0.9},
        "uses": _uses(high, p99, size, 0.005, 15.0, 25e6),
        "parity": {"agreement": 0.9987, "sqnr_db": 20.3},
        "seconds": 38.5, "source": source, "runtime": "cascade" if name == "cascade" else "onnxrt",
        "on_front": front, "refused": None,
    }  # fmt: skip


def _uses(high: float, p99: float, size: float, most: float, most_ms: float, most_bytes: float) -> list[Any]:
    return [
        {"budget": "accuracy_drop", "used": high / most, "text": f"accuracy drop is at most {100 * high:.2f} % (95 % bound), the budget allows {100 * most:.2f} %"},
        {"budget": "latency_p99", "used": p99 / most_ms, "text": f"p99 is {p99:.3g} ms, the budget allows {most_ms:.3g} ms"},
        {"budget": "size", "used": size / most_bytes, "text": f"size is {size / 1e6:.1f} MB, the budget allows {most_bytes / 1e6:.1f} MB"},
    ]  # fmt: skip


def _twin() -> Any:
    texts = ("Where is my card?", HOSTILE)
    return {
        "left": 4,
        "right": 90,
        "likeness": 0.91,
        "left_text": texts[0],
        "right_text": texts[1],
        "same_label": True,
    }


def _curve(train: list[float], valid: list[float], accuracy: list[float]) -> list[Any]:
    return [
        {"epoch": at, "train_loss": a, "valid_loss": b, "valid_accuracy": c}
        for at, (a, b, c) in enumerate(zip(train, valid, accuracy, strict=True), start=1)
    ]


def _dropped(count: int) -> list[Any]:
    texts = ["My card still has not arrived, what is going on?", "I want to top up by cheque", HOSTILE]
    return [
        {"split": "train", "id": 7 * at, "step": "near_duplicates" if at % 3 else "drop_duplicates",
         "reason": f"similarity 0.93 to row {7 * at - 5}" if at % 3 else f"same as row {3 * at}", "text": texts[at % 3]}
        for at in range(count)
    ]  # fmt: skip


def _confusion() -> Any:
    return {
        "rows": "validation",
        "classes": [
            {"label": LABELS[3], "errors": 5, "rows": 14}, {"label": LABELS[4], "errors": 4, "rows": 13},
            {"label": LABELS[6], "errors": 4, "rows": 15}, {"label": LABELS[8], "errors": 3, "rows": 12},
            {"label": LABELS[10], "errors": 2, "rows": 13},
        ],
        "pairs": [
            {"truth": LABELS[3], "predicted": LABELS[4], "count": 4, "examples": ["The transfer I made two days ago is not in my balance yet", HOSTILE]},
            {"truth": LABELS[4], "predicted": LABELS[5], "count": 3, "examples": ["Why does the payee not have the money?"]},
            {"truth": LABELS[6], "predicted": LABELS[7], "count": 3, "examples": ["My top up was there and now it is gone"]},
            {"truth": LABELS[8], "predicted": LABELS[9], "count": 3, "examples": ["Do I have to verify?"]},
            {"truth": LABELS[10], "predicted": LABELS[11], "count": 2, "examples": ["The rate was wrong when I took out cash"]},
            {"truth": LABELS[3], "predicted": LABELS[5], "count": 1, "examples": ["Money sent, nothing there"]},
        ],
    }  # fmt: skip
