"""Faults of the set-up: of configuration and database."""

from __future__ import annotations

from collections.abc import Mapping

from reminders.core.examination.codes import Area, Code, Fault, broken, look

CONFIGURATION: Mapping[Code, Fault] = {
    Code.SETTINGS_UNREADABLE: broken(
        Area.CONFIGURATION, "a setting cannot be used", "correct {it}; README.md lists what each one may be"
    ),
    Code.OLD_PYTHON: broken(
        Area.CONFIGURATION, "this Python is too old", "install Python 3.11 or newer, then: python3 -m reminders doctor"
    ),
    Code.WRONG_PACKAGE: broken(
        Area.CONFIGURATION,
        "a package is missing or too old",
        "rm -r .venv; then python3 -m reminders doctor installs the pinned versions anew",
    ),
    Code.KEY_READABLE: broken(Area.CONFIGURATION, "others may read this secret", "chmod 600 {it}"),
    Code.NO_KEY: look(
        Area.CONFIGURATION,
        "no secret key yet",
        "the first start makes one; to keep it elsewhere, set REMINDERS_SECRET_KEY before that",
    ),
    Code.NOBODY_ALLOWED: look(
        Area.CONFIGURATION, "nothing leaves for anybody", "REMINDERS_ALLOW_LIST=+1YOURMOBILE to try it, off to go live"
    ),
    Code.SOME_ALLOWED: look(
        Area.CONFIGURATION, "nothing leaves for anybody else", "when you trust it: REMINDERS_ALLOW_LIST=off"
    ),
    Code.NO_CHANNEL: broken(
        Area.CONFIGURATION,
        "neither texts nor e-mail can be sent",
        "set REMINDERS_TWILIO_ACCOUNT_SID and its companions, or REMINDERS_SMTP_URL",
    ),
    Code.PUBLIC_URL_LOCAL: broken(
        Area.CONFIGURATION,
        "neither provider nor patients can reach this address",
        "REMINDERS_PUBLIC_URL=https://reminders.your-clinic.example",
    ),
    Code.PUBLIC_URL_PLAIN: broken(
        Area.CONFIGURATION,
        "patients' answers would travel in the clear",
        "put TLS in front of it, then REMINDERS_PUBLIC_URL=https://…",
    ),
    Code.PUBLIC_URL_UNDERSCORE: broken(
        Area.CONFIGURATION,
        "the provider takes no callback address with an underscore in its host",
        "give REMINDERS_PUBLIC_URL a host name without one",
    ),
    Code.NO_ZONES: broken(
        Area.CONFIGURATION,
        "there is no time zone data",
        "rm -r .venv; then python3 -m reminders doctor installs tzdata anew",
    ),
    Code.OLD_ZONES: look(
        Area.CONFIGURATION,
        "the time zone data is old: clock changes decided since are unknown",
        "update this machine's tzdata, then: python3 -m reminders doctor",
    ),
    Code.NOBODY_TOLD: look(
        Area.CONFIGURATION,
        "if this stops, nobody is told",
        "set REMINDERS_ALERT_TO (mail) and REMINDERS_HEARTBEAT_URL (an outside watch)",
    ),
    Code.ALERTS_WITHOUT_MAIL: broken(
        Area.CONFIGURATION, "alarms cannot be mailed without a mail server", "set REMINDERS_SMTP_URL"
    ),
    Code.NO_HEARTBEAT: look(
        Area.CONFIGURATION,
        "if this whole machine stops, nobody is told",
        "set REMINDERS_HEARTBEAT_URL to an outside watch that expects a ping each minute",
    ),
    Code.FAILPOINTS: look(Area.CONFIGURATION, "processes are told to die, for tests", "unset REMINDERS_FAILPOINTS"),
    Code.CLINIC_FILE_FAULTY: look(
        Area.CONFIGURATION, "a clinic file has faults", "python3 -m reminders clinic apply {it}"
    ),
    Code.CLINIC_FILE_CHANGED: look(
        Area.CONFIGURATION, "the file is not what is applied", "python3 -m reminders clinic apply {it}"
    ),
    Code.BUILT_IN_CLINIC: look(
        Area.CONFIGURATION,
        "texts come from the built-in clinic",
        "copy reminders/cli/clinic.example.toml to {it}, edit it, then: python3 -m reminders clinic apply {it}",
    ),
    Code.NOBODY_ON_CALL: look(
        Area.CONFIGURATION,
        "nobody is called when a patient may need help",
        "name who is on call under [[clinic.escalation]], then: python3 -m reminders clinic apply {it}",
    ),
    Code.ON_CALL_CLOSED: broken(
        Area.CONFIGURATION,
        "somebody on call cannot be written to",
        "correct the number or address, or have START texted from it; then: python3 -m reminders clinic apply {it}",
    ),
    Code.SCHEDULE_REFUSED: look(
        Area.CONFIGURATION, "a watched schedule was not applied", "python3 -m reminders import {it} --dry-run"
    ),
    Code.DISK_LOW: look(
        Area.CONFIGURATION, "the disk is filling up", "make room on the disk of REMINDERS_DATA_DIR ({it})"
    ),
    Code.DISK_FULL: broken(
        Area.CONFIGURATION, "the disk is full", "make room on the disk of REMINDERS_DATA_DIR ({it})"
    ),
}

DATABASE: Mapping[Code, Fault] = {
    Code.DATABASE_AWAY: broken(
        Area.DATABASE, "the database does not answer", "start it, or correct REMINDERS_DATABASE_URL"
    ),
    Code.DATABASE_OLD: broken(
        Area.DATABASE,
        "the database server is too old",
        "upgrade it to PostgreSQL 13 or SQLite 3.35 at least, or name another by REMINDERS_DATABASE_URL",
    ),
    Code.DATABASE_BEHIND: broken(Area.DATABASE, "the database is behind this code", "python3 -m reminders migrate"),
    Code.DATABASE_NEWER: broken(
        Area.DATABASE,
        "the database is newer than this code",
        "run the release that migrated it; is REMINDERS_DATABASE_URL the right one?",
    ),
    Code.DATABASE_EMPTY: look(
        Area.DATABASE, "there are no tables yet", "the first start makes them, as does: python3 -m reminders migrate"
    ),
    Code.DATABASE_READ_ONLY: broken(
        Area.DATABASE,
        "the database takes no writes",
        "name the primary, or a file that may be written, by REMINDERS_DATABASE_URL",
    ),
    Code.FSYNC_OFF: broken(
        Area.DATABASE,
        "a crash of the database's machine may lose what was committed, and so double texts",
        "on the server: ALTER SYSTEM SET fsync = on; SELECT pg_reload_conf()",
    ),
    Code.COMMIT_NOT_SYNCHRONOUS: broken(
        Area.DATABASE,
        "a crash may lose the newest commits, and so double texts",
        "let REMINDERS_DATABASE_URL lead past any pooler that drops `options`; or on the server: "
        "ALTER SYSTEM SET synchronous_commit = on",
    ),
    Code.PARTIAL_PAGES: broken(
        Area.DATABASE,
        "a crash of the database's machine may spoil pages",
        "on the server: ALTER SYSTEM SET full_page_writes = on; SELECT pg_reload_conf()",
    ),
    Code.NOT_WAL: broken(
        Area.DATABASE,
        "readers and writers block each other",
        "move REMINDERS_DATA_DIR to a local disk: SQLite's write-ahead log works on no network folder",
    ),
    Code.SQLITE_NOT_SYNCHRONOUS: broken(
        Area.DATABASE,
        "a crash may lose the newest commits, and so double texts",
        "let REMINDERS_DATABASE_URL be a plain sqlite:///… address",
    ),
    Code.WRONG_KEY: broken(
        Area.DATABASE,
        "the secret key does not open what is stored",
        "bring back the key that this database was written with: REMINDERS_SECRET_KEY",
    ),
}
