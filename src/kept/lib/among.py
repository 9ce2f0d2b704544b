"""`filter(among("id", ids))`: the rows of `filter(id__in=ids)`, for hundreds of ids at a time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, F
from django.db.models.lookups import In
from django.db.models.sql.compiler import SQLCompiler


def among(column: str, ids: Iterable[object] | Expression) -> In:
    """That this column holds one of these ids, which must be of its type.

    To PostgreSQL they travel as one array. `IN` has a placeholder for each, and Django prepares and
    writes them one by one: of a batch of due controls that is a tenth of all the work. In a query
    that is made ready (`lib/ready.py`) they are one value: a list.
    """
    return _Among(F(column), ids if isinstance(ids, Expression) else list(ids))


class _Among(In):
    prepare_rhs = False

    def get_prep_lookup(self) -> Any:
        return self.rhs

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, list[Any]]:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} = ANY(%s)", [*params, self.rhs]

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        if not isinstance(self.rhs, Expression):
            return self.as_sql(compiler, connection)
        column, params = self.process_lhs(compiler, connection)
        return f"{column} IN (SELECT value FROM json_each(%s))", [*params, self.rhs]
