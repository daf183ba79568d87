"""What tags a resource may have (Azure documentation, "Use tags to organize your Azure resources": limitations)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from batchlocal.domain.refusals import Refusal

__all__ = ["LONGEST_TAG_NAME", "TagNameReserved", "TagTooLong", "TooManyTags", "check_tags"]

LONGEST_TAG_NAME: Final = 512  # characters; storage accounts take 128
_MOST, _LONGEST_VALUE = 50, 256
_RESERVED = re.compile(r"[<>%&\\?/\x00-\x1f\x7f]")
_UNRESERVED = ("hidden-", "link:")  # names that begin so are the portal's own


@dataclass(eq=False)
class TooManyTags(Refusal):
    """More tags than a resource may have."""

    count: int
    most: int


@dataclass(eq=False)
class TagNameReserved(Refusal):
    """A name with characters that tags may not have."""

    name: str


@dataclass(eq=False)
class TagTooLong(Refusal):
    """A name or a value (``part``) of more than ``longest`` characters."""

    part: str
    text: str
    longest: int


def check_tags(tags: Mapping[str, str], longest_name: int = LONGEST_TAG_NAME) -> None:
    """
    Raises:
        TooManyTags, TagNameReserved, TagTooLong
    """
    if len(tags) > _MOST:
        raise TooManyTags(len(tags), _MOST)
    for name, value in tags.items():
        if _RESERVED.search(name) and not name.startswith(_UNRESERVED):
            raise TagNameReserved(name[:LONGEST_TAG_NAME])
        for part, text, longest in (("name", name, longest_name), ("value", value, _LONGEST_VALUE)):
            if len(text) > longest:
                raise TagTooLong(part, f"{text[:50]}...", longest)
