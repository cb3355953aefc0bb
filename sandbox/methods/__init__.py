"""The Web API's methods, one file a family."""

from sandbox.methods import chat, conversations, files, marks, usergroups, views, workspace
from sandbox.methods.registry import METHODS, Call, Method

__all__ = [
    "METHODS",
    "Call",
    "Method",
    "chat",
    "conversations",
    "files",
    "marks",
    "usergroups",
    "views",
    "workspace",
]
