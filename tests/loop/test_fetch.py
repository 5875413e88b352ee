import pytest

from trimtab.core.errors import EnvironmentFault
from trimtab.loop.fetch import fetch, use_hub


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in ("HF_HUB_CACHE", "HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY"):
        monkeypatch.setenv(name, "before")


def test_offline_it_names_the_files_and_the_command(tmp_path):
    with pytest.raises(EnvironmentFault, match=r"config.json, .* must be downloaded.*`trimtab fetch a/b`"):
        fetch("a/b", tmp_path / "hub", offline=True)
    assert not (tmp_path / "hub").exists()


def test_it_says_when_there_is_no_such_id(tmp_path):
    with pytest.raises(EnvironmentFault, match="model 'not an id': cannot be fetched"):
        fetch("not an id", tmp_path / "hub")


def test_it_uses_only_a_hub_that_exists(tmp_path, monkeypatch):
    import os

    use_hub(tmp_path / "none", offline=False)
    assert os.environ["HF_HUB_CACHE"] == "before"
    use_hub(tmp_path, offline=True)
    assert os.environ["HF_HUB_CACHE"] == str(tmp_path)
    assert (os.environ["HF_HUB_OFFLINE"], os.environ["HF_HUB_DISABLE_TELEMETRY"]) == ("1", "1")
