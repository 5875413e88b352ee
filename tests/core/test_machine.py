import pytest

from trimtab.core import machine


@pytest.fixture
def cgroups(tmp_path):
    root = tmp_path / "cgroup"

    def write(name, text):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")

    write("cgroup.procs", "")
    write.root = root
    return write


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "self-cgroup"
    path.write_text("12:cpu:/old\n0::/user.slice/job\n")
    return path


@pytest.fixture(autouse=True)
def sixteen_processors(monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(16)))
    monkeypatch.setattr("os.sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 2**23}.__getitem__)


def test_it_takes_the_affinity_where_no_group_limits_it(cgroups, own):
    assert machine.threads(cgroups.root, own) == 16


@pytest.mark.parametrize(("quota", "cpus"), [("200000 100000", 2), ("50000 100000", 1), ("max 100000", 16)])
def test_it_respects_the_quota_of_cgroup_v2(cgroups, own, quota, cpus):
    cgroups("cpu.max", quota)
    assert machine.threads(cgroups.root, own) == cpus


def test_it_respects_the_quota_of_its_own_group_and_of_those_around_it(cgroups, own):
    cgroups("user.slice/cpu.max", "300000 100000")
    cgroups("user.slice/job/cpu.max", "800000 100000")
    assert machine.threads(cgroups.root, own) == 3


@pytest.mark.parametrize(("quota", "threads"), [("400000", 4), ("-1", 16)])
def test_it_respects_the_quota_of_cgroup_v1(cgroups, own, quota, threads):
    cgroups("cpu/cpu.cfs_quota_us", quota)
    cgroups("cpu/cpu.cfs_period_us", "100000")
    assert machine.threads(cgroups.root, own) == threads


@pytest.mark.parametrize(
    ("file", "limit", "size"),
    [
        ("memory.max", str(2**30), 2**30),
        ("memory.max", "max", 2**35),
        ("user.slice/memory.max", str(2**31), 2**31),
        ("memory/memory.limit_in_bytes", str(2**32), 2**32),
        ("memory/memory.limit_in_bytes", "9223372036854771712", 2**35),
    ],
)
def test_it_respects_the_memory_limit(cgroups, own, file, limit, size):
    cgroups(file, limit)
    assert machine.memory_bytes(cgroups.root, own) == size


def test_it_names_the_processor_and_the_packages():
    found = machine.describe()
    assert found["cpu"]
    assert found["packages"]["trimtab"]


def test_it_names_packages_that_add_parts(tmp_path, monkeypatch):
    about = tmp_path / "more_steps-1.2.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: more-steps\nVersion: 1.2\n")
    (about / "entry_points.txt").write_text("[trimtab.data]\nmine = more_steps:Mine\n")
    monkeypatch.syspath_prepend(tmp_path)
    machine._plugins.cache_clear()
    assert machine.packages(["polars"])["more-steps"] == "1.2"
    machine._plugins.cache_clear()
