"""`ciokit webhooks publish` and `sql`: the tables that people query on Databricks, made and kept up to date."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from ciokit.cli import output
from ciokit.cli.parser import Subparsers


def add_parsers(commands: Subparsers) -> None:
    """Add the commands to `ciokit webhooks`."""
    publish = commands.add_parser(
        "publish",
        help="copy what has landed into clustered tables on Databricks, each row once",
        description="Run as a job on Databricks: add what has landed since the last run to tables of a schema, which\n"
        "have liquid clustering, and make tables and views where they are missing. It may be killed and run again.",
        allow_abbrev=False,
    )
    publish.add_argument(
        "--from",
        dest="source",
        required=True,
        metavar="URI",
        help="address that the committer writes to, or a schema whose tables lie there",
    )
    publish.add_argument("--schema", required=True, help="schema of the published tables, such as main.webhooks")
    publish.add_argument(
        "--all", action="store_true", help="compare all rows, as after `replay`, instead of the newest"
    )
    publish.add_argument("--optimize", action="store_true", help="also run OPTIMIZE and VACUUM")
    publish.set_defaults(run=_publish)
    sql = commands.add_parser(
        "sql",
        help="print the SQL that makes the tables and views",
        description="Print CREATE TABLE and CREATE VIEW statements, made from the declaration of the tables.",
        allow_abbrev=False,
    )
    dialects = ("databricks", "spark", "duckdb")
    sql.add_argument("--dialect", choices=dialects, default="databricks", help="whose SQL (default: databricks)")
    sql.add_argument("--schema", default="", help="schema that the names are in, such as main.webhooks")
    sql.add_argument("--landing", action="store_true", help="tables that the committer can write: not clustered")
    sql.add_argument("--no-views", action="store_true", help="only tables")
    sql.set_defaults(run=_sql)


def _publish(arguments: argparse.Namespace) -> int:
    from ciokit.webhooks.publishing import SparkEngine, publish

    report = publish(
        SparkEngine(), arguments.source, arguments.schema, everything=arguments.all, optimize=arguments.optimize
    )
    output.json_line(asdict(report))
    return 0


def _sql(arguments: argparse.Namespace) -> int:
    from ciokit.webhooks.publishing import make_statements

    for statement in make_statements(
        arguments.schema, arguments.dialect, clustered=not arguments.landing, views=not arguments.no_views
    ):
        output.raw(f"{statement.rstrip()};\n\n".encode())
    return 0
