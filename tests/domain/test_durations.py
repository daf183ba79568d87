"""Durations as the service gives them back."""

from __future__ import annotations

import pytest

from batchlocal.domain import durations


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("P3Y6M4DT12H30M5S", "P1279DT12H30M5S"),  # recorded
        ("P4DT12H30M05S", "P4DT12H30M5S"),  # recorded
        ("PT0H20M", "PT20M"),  # recorded
        ("PT90M", "PT1H30M"),
        ("P1W", "P7D"),
        ("PT0S", "PT0S"),
        ("PT1.5S", "PT1.5S"),
        (durations.UNLIMITED, durations.UNLIMITED),
    ],
)
def test_durations_come_back_in_days_hours_minutes_and_seconds(sent: str, shown: str) -> None:
    assert durations.normalised(sent) == shown


@pytest.mark.parametrize("text", ["", "P", "PT", "1 hour", "P1S"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(durations.DurationInvalid):
        durations.normalised(text)
