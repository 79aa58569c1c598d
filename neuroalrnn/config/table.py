"""What all tables of a run file share."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Table(BaseModel):
    """Base of all tables of a run file: fixed keys, strict types, and no change afterwards."""

    holds_tables: ClassVar[bool] = False
    # strict: a run file that says n_latent = "6" is mistaken, not lax
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
