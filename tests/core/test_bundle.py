import json
import shutil

import numpy as np
import pytest

from tiny import LABELS, tiny_bundle, tiny_model, tiny_tokens
from trimtab.core.bundle import Bundle, served_bytes, write_bundle
from trimtab.core.errors import BundleError


def test_it_opens_as_it_was_written(bundle):
    again = Bundle.open(bundle.folder)
    assert (again.labels, again.version) == (LABELS, bundle.version)
    labels = json.loads((bundle.folder / "config.json").read_text())
    assert labels["label2id"] == {label: at for at, label in enumerate(LABELS)}


def test_its_version_follows_from_the_model_alone(tmp_path, bundle):
    assert tiny_bundle(tmp_path / "again").version == bundle.version
    assert tiny_bundle(tmp_path / "other", seed=1).version != bundle.version


def test_its_version_does_not_follow_from_measurements(tmp_path):
    made = [
        write_bundle(
            tmp_path / name, tiny_model(tmp_path / f"{name}-model"), [tiny_tokens()], LABELS, {"p99_ms": p99}
        )
        for name, p99 in (("a", 1.0), ("b", 2.0))
    ]
    assert made[0].version == made[1].version


def test_it_keeps_the_reference_profile(tmp_path):
    facts, arrays = {"rows": 3}, {"lengths": np.arange(3)}
    made = write_bundle(
        tmp_path / "b", tiny_model(tmp_path / "m"), [tiny_tokens()], LABELS, {}, profile=(facts, arrays)
    )
    found = made.profile()
    assert found[0] == facts
    np.testing.assert_array_equal(found[1]["lengths"], arrays["lengths"])


def test_it_counts_what_serving_needs(bundle):
    before = served_bytes(bundle.folder)
    (bundle.folder / "README.md").write_text("a long card" * 1000)
    (bundle.folder / "profile").mkdir()
    (bundle.folder / "profile" / "profile.npz").write_bytes(b"0" * 1000)
    assert served_bytes(bundle.folder) == before
    (bundle.folder / "model" / "more.onnx").write_bytes(b"0" * 1000)
    assert served_bytes(bundle.folder) == before + 1000


def test_it_holds_no_pickle(bundle):
    assert {path.suffix for path in bundle.folder.rglob("*") if path.is_file()} <= {
        ".json",
        ".md",
        ".npz",
        ".onnx",
    }


def damaged(bundle, name, text):
    (bundle.folder / name).write_text(text)


@pytest.mark.parametrize(
    ("damage", "line"),
    [
        (lambda b: shutil.rmtree(b.folder), "not a bundle: no such folder"),
        (lambda b: (b.folder / "bundle.json").unlink(), "not a bundle: no bundle.json in it"),
        (lambda b: (b.folder / "checksums.json").unlink(), "the bundle has no checksums"),
        (lambda b: damaged(b, "checksums.json", "{"), "checksums.json:1: not JSON"),
        (lambda b: damaged(b, "steps.json", "[]"), "steps.json: checksum is"),
        (lambda b: (b.folder / "model" / "model.onnx").unlink(), "model.onnx: the file is missing"),
    ],
)
def test_it_says_what_is_wrong_with_a_bundle(bundle, damage, line):
    damage(bundle)
    with pytest.raises(BundleError, match=line):
        Bundle.open(bundle.folder)


@pytest.mark.parametrize(
    ("manifest", "line"),
    [("{", "bundle.json:1: not JSON"), ('{"format": 2}', "bundle format is 2, this trimtab reads 1")],
)
def test_it_says_what_is_wrong_with_a_manifest(bundle, manifest, line):
    damaged(bundle, "bundle.json", manifest)
    with pytest.raises(BundleError, match=line):
        Bundle.open(bundle.folder, verify=False)
