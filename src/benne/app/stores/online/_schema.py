"""What every table of the online store shares: one ``MetaData``, its names, its types."""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, MetaData

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Every table there is; the modules of the nouns fill it."""

Number = BigInteger().with_variant(Integer, "sqlite")
"""An int64: an instant in microseconds, an amount in minor units, or a row's own number."""
