"""Fills a new sandbox workspace with people, bots, channels and a user group."""

from sandbox.manifest import Manifest
from sandbox.model import Channel, User, Usergroup
from sandbox.settings import Settings
from sandbox.state import State

PARTNER_TEAM = "T0PARTNER"

PEOPLE = [
    # handle, real name, time zone, title
    ("maya", "Maya Lindqvist", "Europe/Berlin", "Site reliability engineer"),
    ("tom", "Tom Okafor", "America/New_York", "Backend engineer, payments"),
    ("priya", "Priya Raman", "Asia/Kolkata", "Engineering manager, payments"),
    ("lena", "Lena Fischer", "Europe/Berlin", "Communications lead"),
    ("sam", "Sam Castillo", "America/Los_Angeles", "CTO"),
    ("noor", "Noor Haddad", "Europe/London", "Customer support"),
]


def user_id(handle: str) -> str:
    """Return the ID of a seeded user; it is readable in logs."""
    return f"U0{handle.upper():0<8}"


def seed(state: State, settings: Settings, manifest: Manifest) -> None:
    """Fill an empty workspace: six people, a guest, a partner, two bots, three channels, one user group."""
    now = int(state.clock.now())
    team = settings.team_id
    for handle, real_name, tz, title in PEOPLE:
        state.add_user(User(user_id(handle), handle, real_name, team, f"{handle}@example.com", tz, title, updated=now))
    state.users[user_id("sam")].is_admin = True
    state.add_user(
        User(user_id("gail"), "gail", "Gail Guest", team, "gail@example.org", is_restricted=True, updated=now)
    )
    state.add_user(
        User(
            user_id("alex"), "alex", "Alex Partner", PARTNER_TEAM, "alex@partner.example", is_stranger=True, updated=now
        )
    )
    state.add_user(User("USLACKBOT", "slackbot", "Slackbot", team, is_bot=True, bot_id="B01", updated=now))
    state.add_user(
        User(user_id("deploys"), "deploys", "Deploys", team, is_bot=True, bot_id="B0DEPLOYS0", app_id="A0DEPLOYS0")
    )
    app = User("U0TOCSINBT", manifest.bot_name, manifest.name, team, is_bot=True, updated=now)
    app.bot_id, app.app_id = "B0TOCSIN01", settings.app_id
    state.add_user(app)
    _channels(state, now)
    group = Usergroup("S0ONCALL01", "oncall", "On call", [user_id("maya"), user_id("tom")], user_id("sam"), now)
    state.usergroups[group.id] = group
    state.touch("usergroup", group.id)


def _channels(state: State, now: int) -> None:
    staff = [user_id(handle) for handle, *_ in PEOPLE]
    for name, channel_id in (("general", "C0GENERAL0"), ("incidents", "C0INCIDENT"), ("payments", "C0PAYMENTS")):
        channel = Channel(channel_id, name, user_id("sam"), now, is_general=name == "general", updated=now)
        channel.members = list(staff)
        state.add_channel(channel)
    state.channels["C0PAYMENTS"].members.append(user_id("gail"))
