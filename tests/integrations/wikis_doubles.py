"""A Confluence Cloud and a Notion on this machine, after their references.

Confluence: https://developer.atlassian.com/cloud/confluence/rest/v2/api-group-page/ (titles are unique in a space, an
update names the next version, else 409). Notion: https://developers.notion.com/reference (100 blocks a request, pages
of answers with `has_more`, `after`, deletion of blocks).
"""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass, field
from typing import Any

from tests.integrations.doubles import Asked, Double, Reply

EMAIL, TOKEN = "ops@example.com", "wiki-token-0123456789"
PARENT = "0b7f3a52-9d8c-4f7e-8f8e-2f4f6f1b3c11"


@dataclass(slots=True)
class ConfluenceDouble(Double):
    """Keeps the pages of the space OPS, whose ID is 77. The settings' address ends with /wiki."""

    pages: dict[str, dict[str, Any]] = field(default_factory=dict)

    def usual(self, asked: Asked) -> Reply:
        proof = base64.b64encode(f"{EMAIL}:{TOKEN}".encode()).decode()
        if asked.headers.get("Authorization") != f"Basic {proof}":
            return Reply(401, {"errors": [{"status": 401, "code": "UNAUTHORIZED", "title": "Unauthorized"}]})
        path = asked.path.removeprefix("/wiki/api/v2")
        if path == "/spaces":
            return Reply(200, {"results": [{"id": "77", "key": "OPS"}] if asked.query["keys"] == "OPS" else []})
        if path == "/pages" and asked.method == "GET":
            same = [self._shown(each) for each in self.pages.values() if each["title"] == asked.query["title"]]
            return Reply(200, {"results": same})
        if path == "/pages":
            return self._create(asked.json)
        page = self.pages.get(path.removeprefix("/pages/"))
        if page is None:
            return Reply(404, {"errors": [{"status": 404, "code": "NOT_FOUND", "title": "Not Found"}]})
        return self._update(page, asked.json) if asked.method == "PUT" else Reply(200, self._shown(page))

    def _create(self, given: dict[str, Any]) -> Reply:
        if any(each["title"] == given["title"] for each in self.pages.values()):
            said = "A page with this title already exists in this space"
            return Reply(400, {"errors": [{"status": 400, "code": "INVALID_REQUEST_PARAMETER", "title": said}]})
        page = {"id": str(1000 + len(self.pages)), "title": given["title"], "version": 1, "value": ""}
        page["value"] = given["body"]["value"]
        self.pages[str(page["id"])] = page
        return Reply(200, self._shown(page))

    def _update(self, page: dict[str, Any], given: dict[str, Any]) -> Reply:
        if given["version"]["number"] != page["version"] + 1:
            return Reply(409, {"errors": [{"status": 409, "code": "CONFLICT", "title": "Version must be incremented"}]})
        page |= {"title": given["title"], "value": given["body"]["value"], "version": given["version"]["number"]}
        return Reply(200, self._shown(page))

    def _shown(self, page: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": page["id"], "status": "current", "title": page["title"], "version": {"number": page["version"]},
            "body": {"storage": {"representation": "storage", "value": page["value"]}},
            "_links": {"webui": f"/spaces/OPS/pages/{page['id']}"},
        }  # fmt: skip

    def change(self, before: str, then: str) -> None:
        """As a person does in the editor."""
        (page,) = self.pages.values()
        assert before in page["value"], page["value"]
        page["value"] = page["value"].replace(before, then, 1)
        page["version"] += 1

    @property
    def words(self) -> str:
        return "\n".join(page["value"] for page in self.pages.values())


@dataclass(slots=True)
class NotionDouble(Double):
    """Keeps pages below one parent, each a list of blocks."""

    pages: dict[str, dict[str, Any]] = field(default_factory=dict)
    blocks: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {PARENT: []})

    def usual(self, asked: Asked) -> Reply:
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Reply(401, {"object": "error", "code": "unauthorized", "message": "API token is invalid."})
        if asked.headers.get("Notion-Version") is None:
            return Reply(400, {"object": "error", "code": "missing_version", "message": "Notion-Version is missing"})
        if asked.path == "/v1/pages":
            return self._create(asked.json)
        _, _, what, name, *_ = asked.path.split("/")
        if what == "pages":
            page = self.pages.get(name)
            return Reply(404, {"code": "object_not_found"}) if page is None else Reply(200, page)
        if asked.method == "DELETE":
            return self._delete(name)
        if name not in self.blocks:
            return Reply(404, {"object": "error", "code": "object_not_found"})
        return self._append(name, asked.json) if asked.method == "PATCH" else self._list(name, asked.query)

    def _create(self, given: dict[str, Any]) -> Reply:
        name = str(uuid.uuid4())
        title = given["properties"]["title"]["title"][0]["text"]["content"]
        self.pages[name] = {"id": name, "url": f"https://www.notion.so/{name}", "archived": False}
        self.blocks[name] = []
        self.blocks[given["parent"]["page_id"]].append(
            {"id": name, "type": "child_page", "child_page": {"title": title}}
        )
        answer = self._append(name, {"children": given["children"]})
        return answer if answer.status != 200 else Reply(200, self.pages[name])

    def _append(self, name: str, given: dict[str, Any]) -> Reply:
        if len(given["children"]) > 100:
            return Reply(400, {"code": "validation_error", "message": "body.children.length should be ≤ `100`"})
        there = self.blocks[name]
        place = next((at for at, each in enumerate(there) if each["id"] == given.get("after")), len(there) - 1)
        added = [self._block(each) for each in given["children"]]
        there[place + 1 : place + 1] = added
        return Reply(200, {"results": added})

    def _block(self, given: dict[str, Any]) -> dict[str, Any]:
        kind = given["type"]
        rich = [{**each, "plain_text": each["text"]["content"]} for each in given[kind]["rich_text"]]
        return {"id": str(uuid.uuid4()), "type": kind, kind: {"rich_text": rich}}

    def _delete(self, name: str) -> Reply:
        for there in self.blocks.values():
            for each in there:
                if each["id"] == name:
                    there.remove(each)
                    return Reply(200, {"id": name, "archived": True})
        return Reply(404, {"code": "object_not_found"})

    def _list(self, name: str, query: dict[str, str]) -> Reply:
        size, start = int(query["page_size"]), int(query.get("start_cursor", "0"))
        there = self.blocks[name]
        more = start + size < len(there)
        found = {"results": there[start : start + size], "has_more": more, "next_cursor": str(start + size)}
        return Reply(200, found)

    def change(self, before: str, then: str) -> None:
        """As a person does in the editor."""
        for each in (block for there in self.blocks.values() for block in there):
            for piece in (each.get(each["type"]) or {}).get("rich_text", ()):
                if before in piece["plain_text"]:
                    piece["plain_text"] = piece["text"]["content"] = piece["plain_text"].replace(before, then, 1)
                    return
        raise AssertionError(before)

    @property
    def words(self) -> str:
        return "\n".join(
            "".join(piece["plain_text"] for piece in (block.get(block["type"]) or {}).get("rich_text", ()))
            for there in self.blocks.values()
            for block in there
        )
