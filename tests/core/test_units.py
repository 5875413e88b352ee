import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.core import units

AMOUNTS = st.decimals(min_value="0.001", max_value=9999, places=3).map(lambda number: f"{number:f}")


@pytest.mark.parametrize(
    ("text", "seconds"), [("15ms", 0.015), ("2s", 2), ("20m", 1200), ("1.5h", 5400), ("250 us", 0.00025)]
)
def test_it_reads_durations(text, seconds):
    assert units.seconds(text) == pytest.approx(seconds)


@pytest.mark.parametrize(("text", "size"), [("25MB", 25_000_000), ("10MiB", 10 * 2**20), ("512 B", 512)])
def test_it_reads_sizes(text, size):
    assert units.size_bytes(text) == size


@pytest.mark.parametrize(("text", "share"), [("0.5pt", 0.005), ("10%", 0.1), ("0.1", 0.1), (0.1, 0.1)])
def test_it_reads_shares(text, share):
    assert units.share(text) == pytest.approx(share)


@pytest.mark.parametrize("read", [units.seconds, units.size_bytes])
def test_it_refuses_a_number_without_a_unit(read):
    with pytest.raises(ValueError, match="the unit is missing"):
        read(25)


@pytest.mark.parametrize("value", [True, None, [], "fast", "-1s", "1e3s", "15 parsec", ""])
def test_it_refuses_what_is_no_duration(value):
    with pytest.raises(ValueError, match="allowed: a duration"):
        units.seconds(value)


@given(AMOUNTS, st.sampled_from(["us", "ms", "s", "m", "h"]))
def test_it_reads_back_the_durations_it_writes(number, unit):
    value = units.seconds(number + unit)
    assert units.seconds(units.write_seconds(value)) == pytest.approx(value, abs=1e-12)


@given(AMOUNTS, st.sampled_from(["B", "kB", "KiB", "MB", "MiB", "GB", "GiB"]))
def test_it_reads_back_the_sizes_it_writes(number, unit):
    value = units.size_bytes(number + unit)
    assert units.size_bytes(units.write_size(value)) == value


@pytest.mark.parametrize("text", ["15ms", "20m", "30s", "1h", "2.5s", "100us"])
def test_it_writes_durations_as_people_do(text):
    assert units.write_seconds(units.seconds(text)) == text


@pytest.mark.parametrize("text", ["1MB", "25MB", "10MiB", "512B", "1.5GB"])
def test_it_writes_sizes_as_people_do(text):
    assert units.write_size(units.size_bytes(text)) == text


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0.00 %"), (0.9338, "93.38 %"), (0.001, "0.10 %"), (0.00019, "0.019 %"), (2.5e-7, "0.000025 %")],
)
def test_it_shows_shares_with_two_digits_that_are_no_zeros(value, shown):
    assert units.show_share(value) == shown
