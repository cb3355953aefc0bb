"""A playbook with programs that the policy permits, for tests of the use cases that queue and undo them."""

from __future__ import annotations

from bot.playbook_runners import RunnerFactory
from bot.settings import Settings
from bot.usecases.context import Context
from bot.usecases.incidents.declare import Declaration, declare
from bot.usecases.playbooks import runs
from playbooks.library_cache import LibraryCache
from tests.scenarios.shop import MAYA, Shop
from tests.usecases.conftest import MakeContext


async def running(make_context: MakeContext, shop: Shop, *, drill: bool = False, more: str = "") -> Context:
    """An incident in which the shop's playbook is open."""
    context = make_context(shop.policy(more=more).read_text())
    context.playbook_library = LibraryCache([shop.folder / "playbooks"])
    context.runners = RunnerFactory(Settings(_env_file=None))
    await declare(context, Declaration("Checkout is down", "sev2", MAYA, drill=drill))
    await runs.open_run(context, 1, "mend", MAYA)
    return context
