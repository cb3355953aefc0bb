"""Builds the meeting of a review as an iCalendar object (RFC 5545), for mail and for calendars."""

from __future__ import annotations

from datetime import UTC

from bot.domain.incident import Incident
from bot.domain.incident.review_agenda import agenda, length
from bot.domain.values.one_line import one_line


def meeting(incident: Incident, link: str = "", organizer: str = "", attendee: str = "") -> bytes:
    """The meeting; empty where the review has no time. With an organizer and an attendee it is an invitation.

    A new time has the same UID and a higher sequence, so that calendars move the meeting. Of a private incident only
    the ID is shown.
    """
    review = incident.review
    if review is None or review.scheduled_at is None:
        return b""
    from icalendar import Calendar, Event, vCalAddress  # noqa: PLC0415 - slow to import, and seldom needed

    calendar = Calendar()
    calendar.add("prodid", "-//Tocsin//review//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "REQUEST" if attendee else "PUBLISH")
    event = Event()
    event.add("uid", f"review-{incident.number}-{int(incident.declared_at.timestamp())}@tocsin")
    event.add("sequence", review.scheduled)
    event.add("dtstamp", review.opened_at.astimezone(UTC))  # the same at each reading
    event.add("dtstart", review.scheduled_at.astimezone(UTC))
    event.add("dtend", (review.scheduled_at + length(review)).astimezone(UTC))
    event.add("summary", title(incident))
    points = "\n".join(f"{number}. {name} ({minutes} min)" for number, (name, minutes) in enumerate(agenda(review), 1))
    event.add("description", f"{points}\n\n{link}".strip())
    if attendee:
        event.add("organizer", vCalAddress(f"mailto:{organizer}"))
        event.add("attendee", vCalAddress(f"mailto:{attendee}"), parameters={"RSVP": "TRUE"})
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def title(incident: Incident) -> str:
    """The name of the meeting."""
    return f"Review of {incident.id}" + ("" if incident.private else f": {one_line(incident.title)}")
