"""Defines the schema of the policy's `automation`: which steps may run, and which of them without a person."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bot.policy.models.base import StrictModel
from bot.policy.models.bounds import Argument, Count, Forms, HostName, Network, Program, Share, Size, Variable
from bot.policy.models.conditions import When
from bot.policy.models.texts import Key, Name, Text
from bot.policy.models.times import Duration


class Executable(StrictModel):
    """A program that playbooks may run, and the arguments it may be given."""

    executable: Program = Field(description="Its absolute path; commands call it by its name.")
    arguments: Forms = Field(
        default=[], description="A pattern for each argument, which must match all of it; or a list of such lists."
    )
    working_directory: Program = Field(default="/tmp", description="Where it runs.")  # noqa: S108 - nothing is written
    environment: dict[Variable, Text] = Field(default={}, description="Its whole environment, with PATH and HOME.")
    environment_from: list[Variable] = Field(default=[], description="Variables it gets from the bot's environment.")
    path: Text = Field(default="/usr/bin:/bin", description="Its PATH. The bot itself looks nothing up in it.")
    home: Text = Field(default="/nonexistent", description="Its HOME.")
    user: Text | None = Field(
        default=None, description="The user it runs as, by name or number. Required if the bot is root."
    )
    timeout: Duration = Field(default="1m", description="It is killed after this long, with every process it started.")
    output_limit: Size = Field(default=256 * 1024, description="It is killed after this much output.")
    memory: Size | None = Field(default=2 * 1024**3, description="Address space of a process; null: no limit.")
    processes: Annotated[int, Field(ge=1, le=100_000, strict=True)] = Field(
        default=512, description="The most processes it may have at once."
    )


class ProcessRunner(StrictModel):
    """Runs programs, never a shell."""

    allow: list[Executable] = Field(default=[], description="The programs that may run.")
    concurrency: Count = Field(default=2, description="The most at once in each replica.")


class AllowedHost(StrictModel):
    """A host that playbooks may send requests to."""

    host: HostName = Field(description="Its name, exactly.")
    methods: list[Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]] = Field(
        default=["GET"], min_length=1, description="HTTP methods."
    )
    paths: list[Argument] = Field(
        default=["/.*"], min_length=1, description="Patterns; one must match the path and query."
    )
    headers: dict[Text, Variable] = Field(default={}, description="Header to the variable that holds its value.")
    addresses: list[Network] = Field(default=[], description="Private networks its address may be in.")
    plain: bool = Field(default=False, description="Whether http:// is allowed, too.")
    ports: list[Annotated[int, Field(ge=1, le=65535, strict=True)]] = Field(
        default=[], description="Ports other than the scheme's own."
    )


class HttpRunner(StrictModel):
    """Sends HTTP requests; follows no redirect."""

    allow: list[AllowedHost] = Field(default=[], description="The hosts that may be asked.")
    timeout: Duration = Field(default="10s", description="For the whole request.")
    output_limit: Size = Field(default=256 * 1024, description="The most that is read of an answer.")
    concurrency: Count = Field(default=4, description="The most at once in each replica.")


class PromqlRunner(StrictModel):
    """Queries the Prometheus at PROMETHEUS_URL."""

    timeout: Duration = Field(default="10s", description="For one query.")


class WaitRunner(StrictModel):
    """Waits."""

    longest: Duration = Field(default="10m", description="No step may wait longer.")


class Runners(StrictModel):
    """The runners of steps. A runner that is not named runs nothing."""

    process: ProcessRunner | None = Field(default=None, description="Runs programs on this machine.")
    http: HttpRunner | None = Field(default=None, description="Sends HTTP requests.")
    promql: PromqlRunner | None = Field(default=None, description="Queries Prometheus.")
    wait: WaitRunner | None = Field(default=None, description="Waits.")


class MatrixRow(StrictModel):
    """One row of the decision matrix. All of its conditions must hold; one that is left out always does."""

    name: Name = Field(default="", description="The kind of incident, in words.")
    playbooks: list[Key] = Field(default=[], description="IDs of playbooks.")
    categories: list[Key] = Field(default=[], description="Categories of the incident.")
    actions: list[Key] = Field(default=[], description="The step's `automation.action`: restart, scale_up …")
    confidence: Share | None = Field(default=None, description="Confidence in the cause must be higher than this.")
    blast_radius: list[When] = Field(default=[], description="Facts that must hold, such as `nodes < 10`.")
    decision: Literal["auto", "approve", "manual"] = Field(
        description="auto: without a person. approve: once a person approves. manual: once a person presses Run."
    )


class Automation(StrictModel):
    """What may run, and when it runs without a person. Off if it is left out."""

    enabled: bool = Field(default=False, description="Nothing at all runs while this is false.")
    runners: Runners = Field(default=Runners(), description="The runners of steps.")
    matrix: dict[Key, MatrixRow] = Field(default={}, description="The first row that fits decides.")
    thresholds: dict[Key, Share] = Field(default={}, description="By action: the confidence it needs to run by itself.")
    severities: list[Key] = Field(
        default=[], description="Severities at which steps run by themselves; all if left out."
    )
    otherwise: Literal["approve", "manual"] = Field(default="manual", description="The decision if no row fits.")
    on_failure: Literal["rollback", "ask"] = Field(
        default="rollback",
        description="rollback: roll back what the bot ran, last step first. ask: ask a person.",
    )
