from __future__ import annotations

import json

from tests.cli.command_line import CommandLine


def test_a_key_is_printed_once_listed_without_its_secret_and_ended(cli: CommandLine) -> None:
    made = cli.run("api-key", "add", "the hospital's records", "--scopes", "read,write", "--days", "30", "--by", "ops")
    assert made.status == 0
    key = made.out.splitlines()[0]
    assert key.startswith("rk_")
    assert "read, write, until" in made.out
    listed = cli.run("api-key", "list")
    assert "the hospital's records" in listed.out
    assert key.split("_", 2)[2] not in listed.out
    prefix = key.split("_")[1]
    assert cli.run("api-key", "end", prefix, "--by", "ops").status == 0
    (row,) = json.loads(cli.run("api-key", "list", "--json").out)
    assert (row["prefix"], row["scopes"], row["ended_by"], row["last_used_at"]) == (
        prefix,
        ["read", "write"],
        "ops",
        None,
    )


def test_what_no_key_can_be_is_refused_in_one_line_each(cli: CommandLine) -> None:
    refused = cli.run("api-key", "add", "x" * 61, "--scopes", "read,fly", "--days", "5000")
    assert refused.status == 2
    assert [line.split(":")[0] for line in refused.err.splitlines()] == ["NAME", "--scopes", "--days"]
    assert cli.run("api-key", "end", "000000000000").status == 2
    assert cli.run("api-key", "add", "records", "--clinic", "elsewhere").status == 2
