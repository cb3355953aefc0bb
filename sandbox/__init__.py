"""Imitates a Slack workspace on this machine, as strict as the real one, to run and test the bot against."""

from sandbox.errors import NotVisible, SlackError
from sandbox.interactions import Reply
from sandbox.model import Channel, Ephemeral, Message, User, View
from sandbox.person import Person
from sandbox.server import Server, running
from sandbox.settings import Settings
from sandbox.workspace import Workspace

__all__ = [
    "Channel",
    "Ephemeral",
    "Message",
    "NotVisible",
    "Person",
    "Reply",
    "Server",
    "Settings",
    "SlackError",
    "User",
    "View",
    "Workspace",
    "running",
]
