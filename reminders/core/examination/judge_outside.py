"""Judge what is outside: the provider, our own public address, the mail server."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

from reminders.core.examination.codes import Area, Code
from reminders.core.examination.facts import (
    DoorFacts,
    MailFacts,
    MailProblem,
    ProviderFacts,
    SetupFacts,
    Visit,
    VisitProblem,
)
from reminders.core.examination.findings import Finding, faulty, judged, well

HOOK_PATH = "/hooks/twilio/sms"
HEALTH_PATH, HEALTHY = "/healthz", "ok"
ACTIVE = "active"
FROM_HERE = "as seen from this machine"
_PV, _WH, _MA = Area.PROVIDER, Area.WEBHOOKS, Area.MAIL
_MAIL_CODES = {
    MailProblem.CONNECTION: Code.MAIL_AWAY,
    MailProblem.TLS: Code.MAIL_TLS,
    MailProblem.GREETING: Code.MAIL_GREETING,
    MailProblem.LOG_IN: Code.MAIL_LOG_IN,
}


def judge_provider(provider: ProviderFacts | None, setup: SetupFacts) -> Iterator[Finding]:
    """Judge what the provider says of us."""
    if setup.sms_host is None:
        text = "none is configured"
        yield (
            well(_PV, "account", f"{text}: e-mail only")
            if setup.has_email
            else faulty(Code.PROVIDER_MISSING, "account", text)
        )
        return
    if not setup.is_real_provider:
        yield faulty(Code.PROVIDER_SIMULATED, "provider", setup.sms_host)
    if not setup.has_hooks:
        yield faulty(Code.HOOKS_UNVERIFIED, "signatures", "no auth token to check them with")
    if provider is None:
        return
    if not provider.is_reached:
        yield faulty(Code.PROVIDER_AWAY, "connection", provider.detail or "no answer", provider.host)
        return
    yield well(_PV, "connection", f"{provider.host} answers")
    if provider.has_good_credentials is False:
        yield faulty(Code.CREDENTIALS_REFUSED, "account", provider.detail or "refused")
        return
    expected = setup.public_url + HOOK_PATH
    yield from (*_account(provider), *_sender(provider), *_hook_url(provider, expected))
    untold = [subject for subject, answer in _answers(provider).items() if answer is None]
    if untold and setup.is_real_provider:
        remark = f" ({provider.detail})" if provider.detail else ""
        yield faulty(Code.PROVIDER_SILENT, "not told", f"{', '.join(untold)}{remark}", expected)


def _answers(provider: ProviderFacts) -> dict[str, object]:
    """Return what was asked of the provider, by name; of a sender that is not ours nothing more is of interest."""
    account = provider.account_status or provider.has_good_credentials
    if provider.is_ours is False:
        return {"account": account}
    return {
        "account": account,
        "whose the sender is": provider.is_ours,
        "whether it can text": provider.can_text,
        "where texts that come in are brought": provider.hook_url,
    }


def _account(provider: ProviderFacts) -> Iterator[Finding]:
    if provider.account_status is not None:
        code = None if provider.account_status == ACTIVE else Code.ACCOUNT_NOT_ACTIVE
        yield judged(code, _PV, "account", provider.account_status)
    elif provider.has_good_credentials:
        yield well(_PV, "account", "the credentials are good")


def _sender(provider: ProviderFacts) -> Iterator[Finding]:
    if provider.is_ours is False:
        yield faulty(Code.SENDER_NOT_OURS, "sender", "not among the account's own")
    elif provider.can_text is False:
        yield faulty(Code.SENDER_CANNOT_TEXT, "sender", "cannot text")
    elif provider.is_ours:
        yield well(_PV, "sender", "ours, and able to text" if provider.can_text else "ours")


def _hook_url(provider: ProviderFacts, expected: str) -> Iterator[Finding]:
    subject = "texts that come in"
    if provider.is_ours is False or provider.hook_url is None:
        return
    if provider.hook_url == expected:
        yield well(_PV, subject, f"are brought to {expected}")
    else:
        found = f"are brought to {provider.hook_url}" if provider.hook_url else "are brought nowhere"
        yield faulty(Code.HOOK_ELSEWHERE, subject, found, expected)


def judge_door(door: DoorFacts, setup: SetupFacts) -> Iterator[Finding]:
    """Judge how our web process answered at its public address. A visit from here proves the way from here only."""
    asked = door.hook or door.health
    if asked.problem is not None and door.health.problem is not None:
        code = Code.DOOR_CERTIFICATE if asked.problem is VisitProblem.CERTIFICATE else Code.DOOR_SHUT
        yield faulty(code, "public URL", f"{setup.public_url}: {asked.detail}", setup.public_url)
        return
    is_ours = door.health.status == HTTPStatus.OK and door.health.body.strip() == HEALTHY
    if door.hook is not None:
        yield _hook(door.hook, is_ours=is_ours)
    elif not is_ours:
        yield faulty(Code.DOOR_ELSEWHERE, "public URL", f"GET {HEALTH_PATH}: {_answer(door.health)}")
    if is_ours:
        yield well(_WH, "public URL", f"our web process answers at {setup.public_url}, {FROM_HERE}")


def _hook(hook: Visit, *, is_ours: bool) -> Finding:
    subject, found = "callbacks", f"POST {HOOK_PATH}, unsigned: {_answer(hook)}"
    if hook.status == HTTPStatus.FORBIDDEN:
        return well(_WH, subject, "an unsigned one is refused, as it should be")
    if hook.status is not None and hook.status < HTTPStatus.MULTIPLE_CHOICES:
        return faulty(Code.DOOR_UNGUARDED, subject, found)
    if is_ours and hook.status == HTTPStatus.SERVICE_UNAVAILABLE:
        return faulty(Code.DOOR_UNGUARDED, subject, found)
    if is_ours and (hook.status or 0) >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return faulty(Code.HOOK_BROKEN, subject, found)
    return faulty(Code.DOOR_ELSEWHERE, subject, found)


def _answer(visit: Visit) -> str:
    return visit.detail if visit.status is None else str(visit.status)


def judge_mail(mail: MailFacts | None, setup: SetupFacts) -> Iterator[Finding]:
    """Judge the mail server."""
    if not setup.has_email:
        text = "none is configured"
        yield (
            faulty(Code.MAIL_MISSING, "mail server", text)
            if setup.sms_host is None
            else well(_MA, "mail server", f"{text}: texts only")
        )
    elif mail is not None and mail.problem is not None:
        found = f"{mail.place}: {mail.detail}" if mail.detail else mail.place
        yield faulty(_MAIL_CODES[mail.problem], "mail server", found)
    elif mail is not None:
        how = "encrypted" if mail.is_encrypted else "in the clear"
        who = "logged in" if mail.is_logged_in else "no log-in asked for"
        yield well(_MA, "mail server", f"{mail.place}: {how}, {who}; no mail was sent")
