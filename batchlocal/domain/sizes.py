"""What a VM size's name says: how many cores it has, and which family's quota it counts against.

Source: Azure documentation, "Azure virtual machine sizes naming conventions", and the families that accounts show (F3).
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["cores_of", "family_of"]

_NAME = re.compile(
    r"(?:standard_|basic_)?(?P<family>[a-z]+)(?P<cores>\d+)(?:-(?P<active>\d+))?(?P<features>[a-z]*)"
    r"(?:_[a-z]*\d*gb)?(?:_(?P<accelerator>[a-uw-z]\w*?))?(?:_(?P<version>v\d+))?",
    re.IGNORECASE,
)
_D_SERIES: Final = {3: 4, 4: 8, 5: 16, 11: 2, 12: 4, 13: 8, 14: 16, 15: 20}
_NUMBERED: Final[dict[tuple[str, str], dict[int, int]]] = {
    ("A", ""): {3: 4, 4: 8, 5: 2, 6: 4, 7: 8, 9: 16, 10: 8, 11: 16},
    **{(family, version): _D_SERIES for family in ("D", "DS") for version in ("", "v2")},
    **{(family, ""): {1: 2, 2: 4, 3: 8, 4: 16, 5: 32} for family in ("G", "GS")},
}
"""Series from before the conventions, which number their sizes: family and version -> number -> cores, where they
differ (Azure documentation, "Previous generations of virtual machine sizes")."""


def cores_of(vm_size: str) -> int | None:
    """The cores of a size, as its name tells them: ``Standard_D2s_v3`` has 2; None for a name without a number.

    A constrained size (``Standard_E32-8s_v5``) counts whole against quotas: the number before the hyphen.
    """
    found = _NAME.fullmatch(vm_size)
    if found is None:
        return None
    number, family = int(found["cores"]), found["family"] + found["features"]
    return _NUMBERED.get((family.upper(), (found["version"] or "").lower()), {}).get(number, number)


def family_of(vm_size: str) -> str:
    """The family as quotas name it: ``Standard_D2s_v3`` is of ``standardDSv3Family``; empty for an odd name."""
    found = _NAME.fullmatch(vm_size)
    if found is None:
        return ""
    return f"standard{found['family'].upper()}{found['features'].upper()}{(found['version'] or '').lower()}Family"
