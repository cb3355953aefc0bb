"""Adds the words that were written into a ticket last, so that later edits change only what is ours."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.engine.columns import Json

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    op.add_column("tickets", sa.Column("sent", Json))
