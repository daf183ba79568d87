"""The rule by which simulated nodes say how long a task takes and how it ends."""

from __future__ import annotations

import pytest

from batchlocal.domain import job_settings
from batchlocal.domain import pool as pools
from batchlocal.domain import task as tasks
from batchlocal.domain.simulation import RuleUnreadable, Simulation, simulation_of

JOB = job_settings.filled({"poolInfo": {"poolId": "p"}})


def asked(value: str) -> dict[str, object]:
    return {"metadata": [{"name": "batchlocal.nodes", "value": value}]}


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("simulated", Simulation()),
        ("simulated seconds=90 exitCode=3", Simulation(90, 3)),
        ("Simulated failEvery=10", Simulation(fail_every=10)),
        ("real", None),
    ],
)
def test_a_pool_asks_for_simulated_nodes_by_a_metadata_item(value: str, rule: Simulation | None) -> None:
    assert simulation_of(asked(value)) == rule


def test_without_the_item_the_server_decides() -> None:
    assert simulation_of({}) is None
    assert simulation_of({}, always=True) == Simulation()
    assert simulation_of(asked("real"), always=True) is None


def test_a_rule_that_cannot_be_read_is_refused_with_the_pool() -> None:
    with pytest.raises(RuleUnreadable):
        simulation_of(asked("simulated second=9"))
    with pytest.raises(pools.PropertyNotTaken):
        pools.create("account", "render", {"vmSize": "Standard_D2s_v3", **asked("imaginary")}, now=1)


def test_a_tasks_own_settings_go_before_the_rule() -> None:
    settings = [{"name": "BATCHLOCAL_SECONDS", "value": "2.5"}, {"name": "BATCHLOCAL_EXIT_CODE", "value": "7"}]
    task = tasks.create("job", "one", {"commandLine": "x", "environmentSettings": settings}, JOB, 1)
    seconds, ended = Simulation(60).of_task(task)
    assert (seconds, ended.exit_code) == (2.5, 7)


def test_about_one_task_in_so_many_fails_and_always_the_same() -> None:
    made = [tasks.create("job", f"t{number}", {"commandLine": "x"}, JOB, 1) for number in range(1000)]
    failed = [task.id for task in made if Simulation(fail_every=10).of_task(task)[1].exit_code]
    assert 60 < len(failed) < 140
    assert failed == [task.id for task in made if Simulation(fail_every=10).of_task(task)[1].exit_code]
