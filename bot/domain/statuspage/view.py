"""Builds the view of the status page at an instant, from the policy and the publications."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.domain.policy.status_page_rules import Component, StatusPageRules
from bot.domain.statuspage.component_state import ComponentState, description, worst
from bot.domain.statuspage.publication import Publication, PublicStatus, states_now
from bot.domain.statuspage.uptime import Uptime, last_days, uptime

RECENT = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class ComponentView:
    """A component as the page shows it."""

    component: Component
    state: ComponentState
    uptime: Uptime
    changed_at: datetime  # when its state last changed


@dataclass(frozen=True, slots=True)
class PagePublications:
    """The publications that the page shows: the unresolved ones, and those that ended within its history."""

    unresolved: tuple[Publication, ...]
    past: tuple[Publication, ...]  # the last ended first
    since: datetime  # nothing is recorded before
    first: datetime | None = None  # when the first publication of all started


@dataclass(frozen=True, slots=True)
class PageView:
    """Everything that the page, its feeds and its API are rendered from."""

    rules: StatusPageRules
    url: str  # of the page, without a slash at the end
    now: datetime
    components: tuple[ComponentView, ...]
    incidents: tuple[Publication, ...]  # unresolved, the newest first
    maintenance: tuple[Publication, ...]  # under way or to come, the first to begin first
    past: tuple[Publication, ...]  # incidents and maintenance that are over, the last ended first
    window: tuple[date, ...]  # the days of the uptime bars
    since: datetime  # nothing is recorded before
    first: datetime | None = None  # when the first publication of all started
    query: str = ""  # what links to a page that is not public carry, such as `?access=…`

    def address(self, publication: str) -> str:
        """The public address of a publication's page."""
        return f"{self.url}/incidents/{publication}{self.query}"

    @property
    def overall(self) -> ComponentState:
        """The worst state of all components."""
        return worst(component.state for component in self.components)

    @property
    def headline(self) -> str:
        """The page's first line. It never says that all is well while an incident without components is published."""
        if self.incidents and self.overall is ComponentState.OPERATIONAL:
            return "We are working on a problem"
        return description(self.overall)

    @property
    def headline_state(self) -> ComponentState:
        """The state in whose colour the headline stands."""
        if self.incidents and self.overall is ComponentState.OPERATIONAL:
            return ComponentState.DEGRADED_PERFORMANCE
        return self.overall

    @property
    def zone(self) -> ZoneInfo:
        """The page's time zone."""
        return ZoneInfo(self.rules.timezone)

    @property
    def active_maintenance(self) -> tuple[Publication, ...]:
        """Maintenance that is under way."""
        return tuple(
            publication for publication in self.maintenance if publication.status is not PublicStatus.SCHEDULED
        )

    @property
    def upcoming_maintenance(self) -> tuple[Publication, ...]:
        """Maintenance that is still to begin."""
        return tuple(publication for publication in self.maintenance if publication.status is PublicStatus.SCHEDULED)

    @property
    def everything(self) -> tuple[Publication, ...]:
        """All publications of the view, the newest first."""
        publications = (*self.incidents, *self.maintenance, *self.past)
        return tuple(sorted(publications, key=lambda publication: publication.updated_at, reverse=True))

    @property
    def updated_at(self) -> datetime | None:
        """When the newest publication last changed; None if nothing was ever published."""
        return max((publication.updated_at for publication in self.everything), default=None)


def build_view(rules: StatusPageRules, url: str, published: PagePublications, now: datetime) -> PageView:
    """The page at an instant."""
    zone = ZoneInfo(rules.timezone)
    window = last_days(rules.history_days, now, zone)
    everything = (*published.unresolved, *published.past)
    states = states_now(published.unresolved, [component.key for component in rules.components])
    components = tuple(
        ComponentView(
            component,
            states[component.key],
            uptime(everything, component.key, window, published.since, now, zone, rules.weights),
            _changed_at(component.key, everything, published.since),
        )
        for component in rules.components
    )
    incidents = [publication for publication in published.unresolved if not publication.is_maintenance]
    maintenance = [publication for publication in published.unresolved if publication.is_maintenance]
    return PageView(
        rules=rules,
        url=url,
        now=now,
        components=components,
        incidents=tuple(sorted(incidents, key=lambda publication: publication.started_at, reverse=True)),
        maintenance=tuple(
            sorted(maintenance, key=lambda publication: publication.scheduled_for or publication.started_at)
        ),
        past=published.past,
        window=tuple(window),
        since=published.since,
        first=published.first,
    )


def read_since(rules: StatusPageRules, now: datetime) -> datetime:
    """The beginning of the page's history: what ended before it is not needed for the page."""
    return now - timedelta(days=rules.history_days + 1)


def _changed_at(key: str, publications: Sequence[Publication], since: datetime) -> datetime:
    return max(
        (publication.updates[-1].at for publication in publications if key in publication.components), default=since
    )
