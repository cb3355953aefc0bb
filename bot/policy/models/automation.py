"""What may be run, by which runner, and when without a person."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bot.policy.models.base import StrictModel
from bot.policy.models.bounds import Argument, Count, Forms, HostName, Network, Program, Share, Size, Variable
from bot.policy.models.conditions import When
from bot.policy.models.texts import Key, Text
from bot.policy.models.times import Duration


class Executable(StrictModel):
    """A program that playbooks may run, with these arguments only."""

    executable: Program = Field(description="Its whole path; commands call it by its name.")
    arguments: Forms = Field(
        default=[], description="A pattern for each argument, which it must match wholly; or a list of such lists."
    )
    working_directory: Program = Field(default="/tmp", description="Where it runs.")  # noqa: S108 - nothing is written
    environment: dict[Variable, Text] = Field(default={}, description="Its whole environment, with PATH and HOME.")
    environment_from: list[Variable] = Field(default=[], description="Variables of the bot's own that it gets too.")
    path: Text = Field(default="/usr/bin:/bin", description="Its PATH. Nothing is looked up in it by the bot.")
    home: Text = Field(default="/nonexistent", description="Its HOME.")
    user: Text | None = Field(default=None, description="Whom it runs as, where the bot is root.")
    timeout: Duration = Field(default="1m", description="After so long it is killed, with all it started.")
    output_limit: Size = Field(default=256 * 1024, description="After so much output it is killed.")
    memory: Size | None = Field(default=2 * 1024**3, description="Address space of a process; null: no limit.")
    processes: Annotated[int, Field(ge=1, le=100_000, strict=True)] = Field(
        default=512, description="Processes of its user at once."
    )


class ProcessRunner(StrictModel):
    """Runs programs, never a shell."""

    allow: list[Executable] = Field(default=[], description="What may be run.")
    concurrency: Count = Field(default=2, description="So many at once in each replica.")


class AllowedHost(StrictModel):
    """A host that playbooks may ask."""

    host: HostName = Field(description="Its name, exactly.")
    methods: list[Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]] = Field(
        default=["GET"], min_length=1, description="HTTP methods."
    )
    paths: list[Argument] = Field(default=["/.*"], min_length=1, description="Patterns; one must match path and query.")
    headers: dict[Text, Variable] = Field(default={}, description="Header to the variable that holds its value.")
    addresses: list[Network] = Field(default=[], description="Private networks in which it may lie.")
    plain: bool = Field(default=False, description="http:// is allowed too.")
    ports: list[Annotated[int, Field(ge=1, le=65535, strict=True)]] = Field(
        default=[], description="Other ports than that of the scheme."
    )


class HttpRunner(StrictModel):
    """Asks hosts over HTTP; follows no redirect."""

    allow: list[AllowedHost] = Field(default=[], description="Who may be asked.")
    timeout: Duration = Field(default="10s", description="For the whole of it.")
    output_limit: Size = Field(default=256 * 1024, description="So much of an answer is read.")
    concurrency: Count = Field(default=4, description="So many at once in each replica.")


class PromqlRunner(StrictModel):
    """Asks the Prometheus of PROMETHEUS_URL."""

    timeout: Duration = Field(default="10s", description="For one query.")


class WaitRunner(StrictModel):
    """Waits."""

    longest: Duration = Field(default="10m", description="No step may wait longer.")


class Runners(StrictModel):
    """What may run steps. One that is not named here runs nothing."""

    process: ProcessRunner | None = Field(default=None, description="Programs of this machine.")
    http: HttpRunner | None = Field(default=None, description="Addresses.")
    promql: PromqlRunner | None = Field(default=None, description="Questions to Prometheus.")
    wait: WaitRunner | None = Field(default=None, description="Waiting.")


class MatrixRow(StrictModel):
    """One line of the decision matrix. What is left out fits anything; all that is said must hold."""

    name: Text = Field(default="", description="The sort of incident, in words.")
    playbooks: list[Key] = Field(default=[], description="Ids of playbooks.")
    categories: list[Key] = Field(default=[], description="Categories of the incident.")
    actions: list[Key] = Field(default=[], description="The step's `automation.action`: restart, scale_up …")
    confidence: Share | None = Field(default=None, description="How sure one must be of the cause: more than this.")
    blast_radius: list[When] = Field(default=[], description="Facts that must hold, such as `nodes < 10`.")
    decision: Literal["auto", "approve", "manual"] = Field(
        description="auto: without a person. approve: when somebody approves. manual: when somebody presses Run."
    )


class Automation(StrictModel):
    """What may be run, and when without a person. Off where it is left out."""

    enabled: bool = Field(default=False, description="The door: nothing at all is run while this is false.")
    runners: Runners = Field(default=Runners(), description="What may run steps.")
    matrix: dict[Key, MatrixRow] = Field(default={}, description="The first line that fits decides.")
    thresholds: dict[Key, Share] = Field(default={}, description="By action: how sure one must be at least.")
    severities: list[Key] = Field(default=[], description="Only at these without a person; every one where left out.")
    otherwise: Literal["approve", "manual"] = Field(default="manual", description="Where no line of the matrix fits.")
    on_failure: Literal["rollback", "ask"] = Field(
        default="rollback",
        description="What the bot ran in this walk is rolled back, last first; or somebody is asked.",
    )
