"""dbt-snowflake's statements that fakesnow 0.12.1 does not understand, said so that it does.

Each rewrite names the limit it answers and returns every other statement unchanged.
"""

import re
from collections.abc import Callable

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

_BLANK = r"(?:\s|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*"


def _starting(statement: str) -> re.Pattern[str]:
    """Return a pattern for statements that start so, after any comments."""
    return re.compile(rf"(?P<lead>{_BLANK})(?P<start>{statement})", re.IGNORECASE | re.DOTALL)


_TRANSACTION = _starting(rf"(?:begin|start|commit|rollback)(?:\s+(?:transaction|work))?{_BLANK};?{_BLANK}\Z")
_ADMINISTRATION = _starting(
    r"(?:grant|revoke|alter\s+session|alter\s+warehouse|use\s+(?:role|warehouse|secondary))\b"
    r"|select\s+system\$cancel_all_queries\b"
    r"|alter\s+table\s+\S+\s+(?:resume|suspend)\s+recluster\b"
    r"|alter\s+dynamic\s+table\b"
    r"|alter\s+(?:table|view)\s+\S+\s+(?:alter|modify)\s+(?:column\s+)?\S+\s+comment\b"
)
_QUERY_TAG = _starting(r"show\s+parameters\s+like\s+'query_tag'")
_SHOW_GRANTS = _starting(r"show\s+grants\b")
_TEMPORARY = _starting(r"create\s+(?:or\s+replace\s+)?(?=(?:(?:local|global)\s+)?(?:temp|temporary|volatile)\s)")
_TEMPORARY_WORDS = re.compile(r"(?:(?:local|global)\s+)?(?:temp|temporary|volatile)\s+", re.IGNORECASE)
_DROP_DYNAMIC = _starting(r"drop\s+dynamic\s+table\b")
_COMMENT = _starting(r"comment\s+(?:if\s+exists\s+)?on\b")
_DOLLAR_QUOTED = re.compile(r"\$\$.*?\$\$", re.DOTALL)
_CLONE = _starting(
    r"create\s+(?P<replace>or\s+replace\s+)?(?:transient\s+)?table\s+(?P<made>[\w.\"$]+)\s+clone\s+(?P<source>[\w.\"$]+)"
    rf"(?:\s+copy\s+grants)?{_BLANK};?{_BLANK}\Z"
)
_MERGE = _starting(r"merge\s+into\b")
_TABLE_WITH_COLUMNS = _starting(
    r"create\s+(?:or\s+replace\s+)?(?:transient\s+)?table\s+(?:if\s+not\s+exists\s+)?[\w.\"$]+\s*\("
)


def rewrite(sql: str) -> str:
    """Return the statement as fakesnow understands it.

    What cannot be parsed goes on as it is: fakesnow then answers with Snowflake's syntax error.
    """
    for step in REWRITES:
        try:
            sql = step(sql)
        except SqlglotError:
            continue
    return sql


def skip_transaction(sql: str) -> str:
    """Answer BEGIN, COMMIT and ROLLBACK without doing them.

    DuckDB lets a transaction write to one attached database only, and fakesnow writes its catalogue
    to a second one in the same transaction. Each statement commits by itself instead, so a
    statement that fails after another of the same transaction leaves the first one's rows.
    """
    return "select 1" if _TRANSACTION.match(sql) else sql


def skip_administration(sql: str) -> str:
    """Answer grants, session and warehouse settings, cancelling, reclustering and column comments with success.

    fakesnow knows none of them, and none changes what a query of the rehearsal returns.
    """
    return "select 'Statement executed successfully.' as \"status\"" if _ADMINISTRATION.match(sql) else sql


def answer_query_tag(sql: str) -> str:
    """Show an empty query tag: fakesnow shows no row, from which dbt then reads the first."""
    return """select 'QUERY_TAG' as "key", '' as "value\"""" if _QUERY_TAG.match(sql) else sql


def answer_grants(sql: str) -> str:
    """Show no grants: fakesnow has no roles."""
    if not _SHOW_GRANTS.match(sql):
        return sql
    return """select '' as "privilege", '' as "granted_to", '' as "grantee_name" where false"""


def drop_temporary(sql: str) -> str:
    """Make a temporary relation a plain one.

    DuckDB has temporary relations in a catalogue of their own and refuses the name dbt gives,
    database and schema included. dbt drops its temporary relations itself, so plain ones do.
    """
    found = _TEMPORARY.match(sql)
    return sql[: found.end()] + _TEMPORARY_WORDS.sub("", sql[found.end() :], count=1) if found else sql


def drop_dynamic(sql: str) -> str:
    """Drop a dynamic table as the plain table which fakesnow has created in its place."""
    found = _DROP_DYNAMIC.match(sql)
    return f"{found['lead']}drop table{sql[found.end() :]}" if found else sql


def escape_comment(sql: str) -> str:
    """Double the quotes in a comment: fakesnow pastes the text into SQL of its own without escaping it."""
    if not _COMMENT.match(sql):
        return sql
    return _DOLLAR_QUOTED.sub(lambda text: text[0].replace("'", "''"), sql)


def copy_clone(sql: str) -> str:
    """Clone a table by copying its rows: DuckDB has no clones."""
    found = _CLONE.match(sql)
    if not found:
        return sql
    return f"create {found['replace'] or ''}table {found['made']} as select * from {found['source']}"  # noqa: S608


def qualify_merge(sql: str) -> str:
    """Name the source in front of the columns that a MERGE inserts.

    Snowflake looks up the inserted values in the source only. fakesnow joins source and target
    first, and there a bare column, which is what dbt writes, is ambiguous.
    """
    if not _MERGE.match(sql):
        return sql
    merge = sqlglot.parse_one(sql, read="snowflake")
    source = merge.args["using"].alias_or_name
    for insert in merge.find_all(exp.Insert):
        for column in insert.expression.find_all(exp.Column):
            if not column.table:
                column.set("table", exp.to_identifier(source))
    return merge.sql(dialect="snowflake")


def cast_columns(sql: str) -> str:
    """Create a table with a column list from a query by casting the query's columns.

    dbt writes the list for an enforced contract; DuckDB takes a list or a query, not both. Names
    and types hold by position, as in Snowflake; `not null` is not enforced.
    """
    if not _TABLE_WITH_COLUMNS.match(sql):
        return sql
    create = sqlglot.parse_one(sql, read="snowflake")
    columns = list(create.this.find_all(exp.ColumnDef))
    if not columns or not isinstance(create.expression, exp.Query):
        return sql
    alias = exp.TableAlias(this=exp.to_identifier("contract"), columns=[c.this.copy() for c in columns])
    source = exp.Subquery(this=create.expression.unnest(), alias=alias)
    casts = [exp.alias_(exp.cast(exp.column(c.this.copy()), c.kind), c.this.copy()) for c in columns]
    create.set("expression", exp.select(*casts).from_(source))
    create.set("this", create.this.this)
    return create.sql(dialect="snowflake")


REWRITES: tuple[Callable[[str], str], ...] = (
    skip_transaction,
    skip_administration,
    answer_query_tag,
    answer_grants,
    drop_temporary,
    drop_dynamic,
    escape_comment,
    copy_clone,
    qualify_merge,
    cast_columns,
)
