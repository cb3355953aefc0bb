"""Imitates the methods of Slack's Web API for the sandbox, one module for each family of methods.

Importing this package fills `METHODS`.
"""

from sandbox.methods import (
    bookmarks,
    canvases,
    chat,
    conversations,
    files,
    history,
    members,
    pins,
    reactions,
    unfurls,
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
    "canvases",
    "chat",
    "conversations",
    "files",
    "history",
    "members",
    "pins",
    "reactions",
    "unfurls",
    "usergroups",
    "views",
    "workspace",
]
