"""Judge this machine, the settings and the clinic files."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from reminders.core.examination.codes import Area, Code
from reminders.core.examination.facts import ClinicFacts, FileState, MachineFacts, SetupFacts
from reminders.core.examination.findings import Finding, faulty, judged, well
from reminders.core.examination.sizes import size, version_text

OLDEST_PYTHON = (3, 11)
OLDEST_PACKAGES = {"celery": (5, 7), "kombu": (5, 7), "redis": (5, 0)}
"""celery and kombu 5.7 are the first that restore lost hints quickly; redis-py 5 the first that kombu 5.7 takes."""
OTHERS = 0o077
SHARED_SECRETS = "/run/secrets/"
"""Where containers are given secrets: in a folder of their own, as files that all of the container may read."""
LOW_BYTES, FULL_BYTES = 2_000_000_000, 200_000_000
_CF = Area.CONFIGURATION


def judge_machine(machine: MachineFacts, setup: SetupFacts, *, machine_now: datetime) -> Iterator[Finding]:
    """Judge what this machine brings."""
    is_old = machine.python[:2] < OLDEST_PYTHON
    yield judged(Code.OLD_PYTHON if is_old else None, _CF, "Python", version_text(machine.python))
    yield from _packages(machine)
    yield _zones(machine, machine_now)
    if machine.free_bytes is not None:
        is_full, is_low = machine.free_bytes < FULL_BYTES, machine.free_bytes < LOW_BYTES
        code = Code.DISK_FULL if is_full else Code.DISK_LOW if is_low else None
        free = f"{size(machine.free_bytes)} free for {setup.data_dir}"
        yield faulty(code, "disk", free, setup.data_dir) if code else well(_CF, "disk", free)
    yield from _secrets(machine, setup)


def _packages(machine: MachineFacts) -> Iterator[Finding]:
    wrong = {
        name: found
        for name, found in machine.packages.items()
        if name in OLDEST_PACKAGES and (found is None or _numbers(found) < OLDEST_PACKAGES[name])
    }
    for name, found in wrong.items():
        wanted = f"{version_text(OLDEST_PACKAGES[name])} or newer is needed"
        yield faulty(Code.WRONG_PACKAGE, name, f"{found or 'not installed'}; {wanted}")
    good = [f"{name} {found}" for name, found in machine.packages.items() if name not in wrong and found is not None]
    if good:
        yield well(_CF, "packages", ", ".join(good))


def _numbers(version: str) -> tuple[int, ...]:
    """Return the leading numbers of a version; `rc1` and the like end it."""
    found = []
    for word in version.split("."):
        if not word.isdecimal():
            break
        found.append(int(word))
    return tuple(found)


def _zones(machine: MachineFacts, machine_now: datetime) -> Finding:
    if machine.zones is None:
        return faulty(Code.NO_ZONES, "time zones", "no data, neither of this machine nor as a package")
    year = machine.zones[:4]
    is_old = year.isdecimal() and int(year) < machine_now.year - 1
    return judged(Code.OLD_ZONES if is_old else None, _CF, "time zones", machine.zones or "of this machine")


def _secrets(machine: MachineFacts, setup: SetupFacts) -> Iterator[Finding]:
    readable = [
        path for path, mode in machine.modes.items() if mode and mode & OTHERS and not path.startswith(SHARED_SECRETS)
    ]
    for path in readable:
        yield faulty(Code.KEY_READABLE, "secret file", f"{path} has mode {machine.modes[path] or 0:o}", path)
    if not setup.has_secret_key:
        yield faulty(Code.NO_KEY, "secret key", f"none in {setup.data_dir}")
    elif not readable:
        files = sum(mode is not None for mode in machine.modes.values())
        where = f"{files} in files that only this user reads" if files else "in the environment"
        yield well(_CF, "secrets", where)


def judge_setup(setup: SetupFacts) -> Iterator[Finding]:
    """Judge the settings by themselves."""
    yield _allow_list(setup)
    yield _public_url(setup)
    if setup.sms_host is None and not setup.has_email:
        yield faulty(Code.NO_CHANNEL, "channels", "no provider of texts, no mail server")
    yield _alerts(setup)
    if setup.has_failpoints:
        yield faulty(Code.FAILPOINTS, "failpoints", "armed")
    if setup.is_simulated:
        yield well(_CF, "clock", "simulated: the clinic's time is made up")


def _allow_list(setup: SetupFacts) -> Finding:
    if setup.allowed_count is None:
        return well(_CF, "allow-list", "off: messages go to everybody who agreed")
    if setup.allowed_count == 0:
        return faulty(Code.NOBODY_ALLOWED, "allow-list", "on, and nobody is listed")
    who = "1 address" if setup.allowed_count == 1 else f"{setup.allowed_count} addresses"
    return faulty(Code.SOME_ALLOWED, "allow-list", f"on: messages leave for {who} only")


def _public_url(setup: SetupFacts) -> Finding:
    subject, parts = "public URL", urlsplit(setup.public_url)
    host = parts.hostname or ""
    if not setup.is_real_provider:
        return well(_CF, subject, setup.public_url)
    if "_" in host:
        return faulty(Code.PUBLIC_URL_UNDERSCORE, subject, setup.public_url)
    if is_local(host):
        return faulty(Code.PUBLIC_URL_LOCAL, subject, setup.public_url)
    return judged(Code.PUBLIC_URL_PLAIN if parts.scheme != "https" else None, _CF, subject, setup.public_url)


def is_local(host: str) -> bool:
    """Say whether a host means something else, or nothing, to the world outside."""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".local", ".internal"))


def _alerts(setup: SetupFacts) -> Finding:
    subject = "alarms"
    if setup.is_simulated:
        return well(_CF, subject, "nobody need be told of a simulation")
    if setup.has_alert_address and not setup.has_email:
        return faulty(Code.ALERTS_WITHOUT_MAIL, subject, "an address to mail to, and no mail server")
    if not setup.has_alert_address and not setup.has_heartbeat:
        return faulty(Code.NOBODY_TOLD, subject, "neither a mail address nor an outside watch")
    if not setup.has_heartbeat:
        return faulty(Code.NO_HEARTBEAT, subject, "by mail; no outside watch")
    return well(_CF, subject, "by mail and by an outside watch" if setup.has_alert_address else "by an outside watch")


def judge_clinics(clinics: ClinicFacts) -> Iterator[Finding]:
    """Judge the clinic files against what is applied."""
    subject = "clinic"
    if clinics.fault is not None:
        yield faulty(Code.CLINIC_FILE_FAULTY, "clinic files", clinics.fault, clinics.source)
    elif clinics.is_built_in_only and not clinics.is_source_there:
        yield faulty(Code.BUILT_IN_CLINIC, subject, f"no clinic file at {clinics.source}", clinics.source)
    for name, (slug, state) in clinics.files.items():
        if state is FileState.EQUAL:
            yield well(_CF, subject, f"{slug}: applied as it stands in {name}")
        else:
            text = "has changed since it was applied" if state is FileState.CHANGED else "is not applied"
            yield faulty(Code.CLINIC_FILE_CHANGED, subject, f"{slug}: {name} {text}", clinics.source)
    yield from _judge_chains(clinics)
    on_file = {slug for slug, _ in clinics.files.values()}
    for slug in clinics.applied:
        if slug not in on_file and not clinics.is_built_in_only:
            yield well(_CF, subject, f"{slug}: applied; its file is not at {clinics.source}")


def _judge_chains(clinics: ClinicFacts) -> Iterator[Finding]:
    """Judge who is called when a patient may need help."""
    subject = "on call"
    for slug in () if clinics.is_built_in_only else clinics.without_chain:
        yield faulty(Code.NOBODY_ON_CALL, subject, f"{slug}: no [[clinic.escalation]]", clinics.source)
    for slug, name in clinics.out_of_reach:
        yield faulty(Code.ON_CALL_CLOSED, subject, f"{slug}: {name}", clinics.source)
