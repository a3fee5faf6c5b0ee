"""Faults of the parts around us, and of the service at work."""

from __future__ import annotations

from collections.abc import Mapping

from reminders.core.examination.codes import Area, Code, Fault, broken, look

BROKER: Mapping[Code, Fault] = {
    Code.BROKER_AWAY: broken(Area.BROKER, "the broker does not answer", "start it, or correct REMINDERS_REDIS_URL"),
    Code.BROKER_OLD: look(
        Area.BROKER, "the broker is of an old release", "upgrade the server of REMINDERS_REDIS_URL to 6.2 at least"
    ),
    Code.BROKER_EVICTS: broken(
        Area.BROKER,
        "a full broker forgets hints in silence",
        "on the broker: CONFIG SET maxmemory-policy noeviction; and in its file",
    ),
    Code.BROKER_FORGETS: look(
        Area.BROKER,
        "a restarted broker has forgotten its hints; work is found, but later",
        "on the broker: CONFIG SET appendonly yes; and in its file",
    ),
    Code.BROKER_FILLING: look(
        Area.BROKER, "the broker's memory is filling up", "on the broker: CONFIG SET maxmemory to more; and in its file"
    ),
    Code.BROKER_SECRETIVE: look(
        Area.BROKER,
        "the broker does not tell its settings",
        "let the user of REMINDERS_REDIS_URL run INFO and CONFIG GET, or look at maxmemory-policy yourself",
    ),
    Code.BROKER_REPLICA: broken(
        Area.BROKER, "this broker is a replica and takes no writes", "let REMINDERS_REDIS_URL name the primary"
    ),
    Code.BROKER_REFUSES: broken(
        Area.BROKER,
        "the broker cannot write to its disk and refuses work",
        "make room on the disk of the server of REMINDERS_REDIS_URL",
    ),
}

PROVIDER: Mapping[Code, Fault] = {
    Code.PROVIDER_AWAY: broken(
        Area.PROVIDER,
        "the provider cannot be reached",
        "let this machine reach {it} by https; REMINDERS_TWILIO_BASE_URL names it",
    ),
    Code.CREDENTIALS_REFUSED: broken(
        Area.PROVIDER,
        "the provider refuses our credentials",
        "correct REMINDERS_TWILIO_ACCOUNT_SID and REMINDERS_TWILIO_AUTH_TOKEN, or REMINDERS_TWILIO_API_KEY and "
        "REMINDERS_TWILIO_API_SECRET",
    ),
    Code.ACCOUNT_NOT_ACTIVE: broken(
        Area.PROVIDER,
        "the account is not active",
        "settle it in Twilio's console, or name another by REMINDERS_TWILIO_ACCOUNT_SID",
    ),
    Code.SENDER_NOT_OURS: broken(
        Area.PROVIDER,
        "the sender does not belong to the account",
        "let REMINDERS_TWILIO_FROM (or REMINDERS_TWILIO_MESSAGING_SERVICE_SID) be one of the account's own",
    ),
    Code.SENDER_CANNOT_TEXT: broken(
        Area.PROVIDER, "the sender cannot send texts", "let REMINDERS_TWILIO_FROM be a number with SMS"
    ),
    Code.HOOK_ELSEWHERE: broken(
        Area.PROVIDER,
        "patients' answers are brought elsewhere, STOP among them",
        "in Twilio's console, set 'A message comes in' to {it} (POST); REMINDERS_PUBLIC_URL decides it",
    ),
    Code.PROVIDER_SIMULATED: look(
        Area.PROVIDER, "a simulator: no text reaches a phone", "for real texts: unset REMINDERS_TWILIO_BASE_URL"
    ),
    Code.PROVIDER_MISSING: look(
        Area.PROVIDER,
        "no text can be sent",
        "set REMINDERS_TWILIO_ACCOUNT_SID, REMINDERS_TWILIO_AUTH_TOKEN and REMINDERS_TWILIO_FROM",
    ),
    Code.HOOKS_UNVERIFIED: broken(
        Area.PROVIDER,
        "answers and receipts cannot be verified and are refused, STOP among them",
        "set REMINDERS_TWILIO_AUTH_TOKEN too: Twilio signs with it",
    ),
    Code.TEXTS_STOPPED: broken(
        Area.PROVIDER,
        "the provider refuses us, so texts wait",
        "settle it in Twilio's console, then: python3 -m reminders sending try sms",
    ),
    Code.TEXTS_PAUSED: look(
        Area.PROVIDER,
        "calls to the provider fail, so texts wait; one tries each half minute",
        "once it is mended, try at once: python3 -m reminders sending try sms",
    ),
    Code.PROVIDER_SILENT: look(
        Area.PROVIDER,
        "the provider did not say all of it",
        "look there yourself: texts that come in must be brought to {it}, after REMINDERS_PUBLIC_URL",
    ),
}

WEBHOOKS: Mapping[Code, Fault] = {
    Code.DOOR_SHUT: broken(
        Area.WEBHOOKS,
        "nobody answers at our public address",
        "python3 -m reminders up, and a proxy that passes {it} on to it; or correct REMINDERS_PUBLIC_URL",
    ),
    Code.DOOR_ELSEWHERE: broken(
        Area.WEBHOOKS,
        "somebody else answers at our public address",
        "let the proxy pass /hooks/, /r/, /u/ and /static/ on to us, or correct REMINDERS_PUBLIC_URL",
    ),
    Code.DOOR_UNGUARDED: broken(
        Area.WEBHOOKS,
        "an unsigned callback was not refused: this is not our web process, or no provider is configured there",
        "give the process behind REMINDERS_PUBLIC_URL the same settings as this one",
    ),
    Code.DOOR_CERTIFICATE: broken(
        Area.WEBHOOKS,
        "the certificate of our public address is not trusted: callbacks will not come",
        "renew the certificate of the host of REMINDERS_PUBLIC_URL, with its chain",
    ),
    Code.HOOK_BROKEN: broken(
        Area.WEBHOOKS,
        "the web process fails when a callback comes",
        "look at its log; python3 -m reminders status shows where it runs",
    ),
}

MAIL: Mapping[Code, Fault] = {
    Code.MAIL_AWAY: broken(Area.MAIL, "the mail server does not answer", "correct host and port of REMINDERS_SMTP_URL"),
    Code.MAIL_TLS: broken(
        Area.MAIL,
        "no trusted encryption with the mail server",
        "REMINDERS_SMTP_URL: smtps://… or ?starttls=1, by its certificate's name; ?cafile=… for one of your own",
    ),
    Code.MAIL_GREETING: broken(
        Area.MAIL, "the mail server turns us away", "let it accept this machine, or name another: REMINDERS_SMTP_URL"
    ),
    Code.MAIL_LOG_IN: broken(
        Area.MAIL, "the mail server refuses our log-in", "correct user and password in REMINDERS_SMTP_URL"
    ),
    Code.MAIL_MISSING: look(Area.MAIL, "no e-mail can be sent", "set REMINDERS_SMTP_URL and REMINDERS_MAIL_FROM"),
    Code.MAILS_STOPPED: broken(
        Area.MAIL,
        "the mail server refuses us, so e-mails wait",
        "correct REMINDERS_SMTP_URL or REMINDERS_MAIL_FROM, then: python3 -m reminders sending try email",
    ),
    Code.MAILS_PAUSED: look(
        Area.MAIL,
        "the mail server fails, so e-mails wait; one tries each half minute",
        "once it is mended, try at once: python3 -m reminders sending try email",
    ),
}

RUNNING: Mapping[Code, Fault] = {
    Code.DATABASE_CLOCK: broken(
        Area.CLOCKS,
        "the database's clock and this machine's disagree by more than 5 s: nothing leaves",
        "on the machine that is wrong: timedatectl set-ntp true",
    ),
    Code.PROVIDER_CLOCK: broken(
        Area.CLOCKS,
        "our clocks and the provider's disagree by more than 120 s: nothing leaves",
        "here, and where the database is: timedatectl set-ntp true",
    ),
    Code.BROKER_CLOCK: look(
        Area.CLOCKS,
        "the broker's clock and this machine's disagree by more than 5 s",
        "on the machine that is wrong: timedatectl set-ntp true",
    ),
    Code.NOTHING_RUNS: broken(Area.PROCESSES, "nothing is running", "python3 -m reminders up"),
    Code.PROCESS_SILENT: broken(
        Area.PROCESSES,
        "this process has left no sign of life for 90 s",
        "start it again and read its log; python3 -m reminders health {it} asks again",
    ),
    Code.PROCESS_DOWN: broken(
        Area.PROCESSES,
        "the supervisor cannot keep this process up",
        "read its log, {it}; python3 -m reminders status counts its restarts",
    ),
    Code.PROCESS_RESTARTS: look(
        Area.PROCESSES,
        "this process keeps being restarted",
        "read its log, {it}; python3 -m reminders status counts its restarts",
    ),
    Code.MESSAGES_OVERDUE: broken(Area.PROCESSES, "messages are due and do not leave", "python3 -m reminders why {it}"),
    Code.RESENDS_HELD: look(
        Area.PROCESSES,
        "too many texts may have arrived twice: doubtful ones are left to people",
        "when the cause is gone: python3 -m reminders sending resend",
    ),
    Code.CANARY_STUCK: broken(
        Area.PROCESSES,
        "the test message of each minute does not come through",
        "python3 -m reminders status shows the processes; read the log of the one named here",
    ),
    Code.CANARY_MISSING: look(
        Area.PROCESSES,
        "no test message was released",
        "does the worker of upkeep run? python3 -m reminders health beat",
    ),
    Code.LOOK_FAILED: broken(
        Area.EXAMINATION,
        "this could not be examined",
        "again: python3 -m reminders doctor; if it stays so, tell its authors what stands here",
    ),
}
