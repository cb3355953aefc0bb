"""The Web API's methods, one module a family. Importing this package fills `METHODS`."""

from sandbox.methods import (
    bookmarks,
    chat,
    conversations,
    files,
    history,
    members,
    pins,
    reactions,
    usergroups,
    views,
    workspace,
)
from sandbox.methods.registry import METHODS, Call, Method

__all__ = [
    "METHODS",
    "Call",
    "Method",
    "bookmarks",
    "chat",
    "conversations",
    "files",
    "history",
    "members",
    "pins",
    "reactions",
    "usergroups",
    "views",
    "workspace",
]
