"""Operations on tokens: read whom a token acts as; for administrators, list, create and revoke tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import AliasChoices, ConfigDict, Field

from bot.domain.access.token import Scope, Token
from bot.json_shapes.incidents import instant
from bot.operations.base import Answer, Arguments, Call, Duration, NoArguments, Operation, Shape, SlackId, question
from bot.operations.verbs import span
from bot.usecases import tokens
from storage import tokens as stored

TAG = "Tokens"


class TokenShape(Shape):
    """A token, without its secret."""

    model_config = ConfigDict(title="Token")

    id: int
    name: str
    as_: str = Field(alias="as")
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked: bool


class NewTokenShape(TokenShape):
    """A new token with its secret, which is shown only once."""

    model_config = ConfigDict(title="NewToken")

    token: str


class TokensShape(Shape):
    """Tokens, the newest first."""

    model_config = ConfigDict(title="Tokens")

    tokens: list[TokenShape]


class MeShape(Shape):
    """Whom the request acts as."""

    model_config = ConfigDict(title="Me")

    user: str
    source: str


class CreateArguments(Arguments):
    """The token to create."""

    name: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[A-Za-z][A-Za-z0-9 ._-]*$")]
    as_: Annotated[SlackId, Field(validation_alias=AliasChoices("as", "user"), description="Whom it acts as.")]
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1, max_length=3)]
    expires: Annotated[Duration, Field(description="How long it is valid; for ever without.")] | None = None


def token_json(token: Token) -> dict[str, Any]:
    """A token as JSON, without its secret."""
    return {
        "id": token.id,
        "name": token.name,
        "as": token.person,
        "scopes": list(token.scopes),
        "created_at": instant(token.created_at),
        "expires_at": instant(token.expires_at),
        "last_used_at": instant(token.last_used_at),
        "revoked": token.revoked_at is not None,
    }


async def _me(call: Call, _: NoArguments) -> Answer:
    return Answer({"user": call.actor, "source": str(call.context.source or "")})


async def _list(call: Call, _: NoArguments) -> Answer:
    async with call.context.database.reading() as conn:
        return Answer({"tokens": [token_json(token) for token in await stored.newest(conn)]})


async def _create(call: Call, arguments: CreateArguments) -> Answer:
    lifetime = span(arguments.expires) if arguments.expires else None
    now = call.context.clock.now()
    token, secret = await tokens.create(
        call.context.database, arguments.name, arguments.as_, tuple(dict.fromkeys(arguments.scopes)), now, lifetime
    )
    return Answer({**token_json(token), "token": secret})


async def _revoke(call: Call, _: NoArguments) -> Answer:
    token = await tokens.revoke(call.context.database, call.path["token"], call.context.clock.now())
    return Answer({**token_json(token), "revoked": True})


OPERATIONS = (
    question("get_me", "/me", "Whom the token acts as", _me, MeShape, tag=TAG),
    question("list_tokens", "/tokens", "List the tokens", _list, TokensShape, tag=TAG, scope=Scope.ADMIN),
    Operation(name="create_token", method="POST", path="/tokens", summary="Make a token", run=_create, status=201,
              arguments=CreateArguments, answer=NewTokenShape, scope=Scope.ADMIN, tag=TAG, secret=True,
              example={"name": "ci", "as": "{user}", "scopes": ["write"], "expires": "90d"}),
    Operation(name="revoke_token", method="DELETE", path="/tokens/{token}", summary="Revoke a token", run=_revoke,
              answer=TokenShape, scope=Scope.ADMIN, tag=TAG),
)  # fmt: skip
