"""What the name of a VM size says (Azure's naming conventions)."""

from __future__ import annotations

import pytest

from batchlocal.domain.sizes import cores_of, family_of


@pytest.mark.parametrize(
    ("size", "cores", "family"),
    [
        ("Standard_D2s_v3", 2, "standardDSv3Family"),
        ("STANDARD_D2S_V3", 2, "standardDSv3Family"),
        ("Standard_A1_v2", 1, "standardAv2Family"),
        ("standard_f4s_v2", 4, "standardFSv2Family"),
        ("Standard_D2ds_v5", 2, "standardDDSv5Family"),
        ("Standard_E32-8s_v5", 32, "standardESv5Family"),
        ("Standard_NC6s_v3", 6, "standardNCSv3Family"),
        ("Standard_D1_v2", 1, "standardDv2Family"),
        ("Standard_D3_v2", 4, "standardDv2Family"),
        ("Standard_DS12_v2", 4, "standardDSv2Family"),
        ("Standard_A5", 2, "standardAFamily"),
        ("small", None, ""),
    ],
)
def test_a_name_tells_cores_and_family(size: str, cores: int | None, family: str) -> None:
    assert (cores_of(size), family_of(size)) == (cores, family)
