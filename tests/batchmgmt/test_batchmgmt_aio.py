"""The same nouns for asyncio."""

from __future__ import annotations

import asyncio
import inspect

import pytest

from batchmgmt import accounts, activity, aio, applications, keys, locations, network, packages, pools
from batchmgmt.errors import NotFound

TWINS = {
    aio.Account: accounts.Account,
    aio.Accounts: accounts.Accounts,
    aio.Activity: activity.Activity,
    aio.Applications: applications.Applications,
    aio.Keys: keys.Keys,
    aio.Locations: locations.Locations,
    aio.Packages: packages.Packages,
    aio.Pools: pools.Pools,
    aio.PrivateEndpointConnections: network.PrivateEndpointConnections,
}


def verbs(noun: type) -> set[str]:
    return {name for name, value in vars(noun).items() if callable(value) and not name.startswith("_")}


@pytest.mark.parametrize("noun", TWINS, ids=lambda noun: noun.__name__)
def test_every_verb_has_its_coroutine(noun):
    assert verbs(noun) == verbs(TWINS[noun])
    for name in verbs(noun):
        verb = getattr(noun, name)
        assert inspect.isasyncgenfunction(verb) if name == "follow" else inspect.iscoroutinefunction(verb)


async def test_entries_are_followed_as_they_appear(account):
    async with await aio.BatchManagement.from_env() as management:
        chosen = {"resource_group": account.resource_group, "account": account.name, "operation": "listKeys"}
        entries = management.activity.follow(**chosen, pause=0.1)
        first = asyncio.ensure_future(anext(entries))
        while not first.done():
            await management.account(account.resource_group, account.name).keys.list()
            await asyncio.wait([first], timeout=0.2)
        assert (await first).operation == "Microsoft.Batch/batchAccounts/listKeys/action"
        await entries.aclose()


async def test_any_credential_will_do(account, batchlocal):
    given = (batchlocal.credential(), batchlocal.subscription)
    async with await aio.BatchManagement.with_credential(*given) as management:
        assert account.name in [each.name for each in await management.accounts.list(account.resource_group)]


async def test_verbs_run_side_by_side_and_give_what_their_twins_give(account, unique, tool):
    async with await aio.BatchManagement.from_env() as management:
        twin = management.account(account.resource_group, account.name)
        await twin.applications.ensure(unique)
        done = await asyncio.gather(*(twin.packages.publish(unique, f"1.{number}", tool) for number in range(3)))
        assert [each.state for each in done] == ["Active"] * 3
        assert [each.name for each in await twin.packages.list(unique)] == ["1.0", "1.1", "1.2"]
        assert (await twin.endpoint()).url == account.endpoint().url
        with pytest.raises(NotFound):
            await twin.pools.get("nosuch")
