"""Members' names."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixel.naming import record_address, record_name

addresses = st.integers(0, 2**32 - 1).map(lambda number: str(IPv4Address(number)))


@given(addresses)
def test_a_name_leads_back_to_its_address(address: str) -> None:
    assert record_address(record_name(address, "pixel.test"), "pixel.test") == address


@given(addresses)
def test_a_name_is_found_in_any_case_with_or_without_the_final_dot(address: str) -> None:
    assert record_address(record_name(address, "Pixel.Test.").upper() + ".", "pixel.test") == address


@pytest.mark.parametrize(
    "name",
    [
        "pixel.test",
        "www.pixel.test",
        "drone-1-2-3.pixel.test",
        "drone-1-2-3-256.pixel.test",
        "drone-01-2-3-4.pixel.test",
        "drone-1-2-3-4-5.pixel.test",
        "drone-1-2-3-4.other.test",
        "drone-1-2-3-4.sub.pixel.test",
        "x-drone-1-2-3-4.pixel.test",
        "\\052.pixel.test",
        "drone-1-2-3-٤.pixel.test",
    ],
)
def test_a_name_that_is_not_a_members_has_no_address(name: str) -> None:
    assert record_address(name, "pixel.test") is None


@pytest.mark.parametrize("address", ["", "1.2.3", "::1", "1.2.3.4/32", "01.2.3.4", "host"])
def test_what_is_no_address_has_no_name(address: str) -> None:
    with pytest.raises(ValueError, match="no IPv4 address"):
        record_name(address, "pixel.test")
