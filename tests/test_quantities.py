"""Sizes as Fabric's files write them, and quantities as Kubernetes does."""

import string
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heddle.quantities import amount, canonical, show_size, size


@given(st.integers(1, 2**53))
def test_a_size_reads_back_as_it_is_shown(count: int) -> None:
    """In previews and in `channel show` as in a stack file."""
    assert size(show_size(count)) == count


@pytest.mark.parametrize(
    ("count", "shown"),
    [(2 * 1024**2, "2 MB"), (128 * 1024, "128 KB"), (1000, "1000 B"), (1536 * 1024, "1536 KB")],
)
def test_sizes_are_shown_in_the_largest_unit_that_divides_them(count: int, shown: str) -> None:
    """Never rounded."""
    assert show_size(count) == shown


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        ("500m", "0.5"),
        ("2", "2"),
        ("1k", "1000"),
        ("1Ki", "1024"),
        ("0.5Gi", str(512 * 1024**2)),
        ("1P", "1e15"),
    ],
)
def test_quantities_compare_as_kubernetes_reads_them(quantity: str, expected: str) -> None:
    """Powers of 1000 and of 1024, and thousandths."""
    assert amount(quantity) == Fraction(expected)


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("1", "1"),
        ("1000m", "1"),
        ("0.5", "500m"),
        ("1500m", "1500m"),
        ("2000", "2k"),
        ("1024Mi", "1Gi"),
        ("0.5Gi", "512Mi"),
        ("1Gi", "1Gi"),
        ("1000Mi", "1000Mi"),
        ("512Ki", "512Ki"),
        ("1.1Ki", "1126400m"),
        ("1e3", "1e3"),
        ("100e1", "1e3"),
        ("1E", "1E"),
        ("0Gi", "0"),
        ("-1500m", "-1500m"),
        ("+5", "5"),
        (".5", "500m"),
        ("0.1n", "1n"),
    ],
)
def test_quantities_have_one_spelling(given_: str, expected: str) -> None:
    """What the API server would answer, so that a comparison with it is fair."""
    assert canonical(given_) == expected


@given(st.integers(0, 10**15), st.sampled_from(["m", "", "k", "M", "G", "Ki", "Mi", "Gi"]))
def test_the_canonical_form_is_final_and_means_the_same(number: int, suffix: str) -> None:
    """Writing it again changes nothing; its value is the value that was given."""
    scale = {"m": Fraction(1, 1000), "": Fraction(1)}
    scale |= {unit: Fraction(1000) ** power for power, unit in enumerate("kMGTPE", 1)}
    scale |= {f"{unit}i": Fraction(1024) ** power for power, unit in enumerate("KMGTPE", 1)}
    once = canonical(f"{number}{suffix}")
    assert canonical(once) == once
    digits = once.rstrip(string.ascii_letters)
    assert int(digits) * scale[once[len(digits) :]] == number * scale[suffix]


@pytest.mark.parametrize("text", ["", "Gi", "1 Gi", "1gi", "1e", "abc", "1.2.3"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    """The API server says so too."""
    with pytest.raises(ValueError, match="quantities must match"):
        canonical(text)
