from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from reminders.store.unit_of_work import Store
from reminders.store.vault import Vault
from tests.web.browser import ACCOUNT, Browser, Provider, some_app
from tests.web.snapshots import everything
from tests.world import World

SMS = "/hooks/twilio/sms"
TAG = UUID("8d7f0f5e-5c1b-4a4e-9f51-0a8f8f5d9c11")
STATUS = f"/hooks/twilio/status/{TAG}"


def a_text(body: str = "C", *, sid: str = "SM" + "1" * 32, **more: str) -> dict[str, str]:
    fields = {"MessageSid": sid, "AccountSid": ACCOUNT, "From": "+12025550101", "To": "+12025550100"}
    return {**fields, "Body": body, "NumMedia": "0", **more}


def a_receipt(status: str = "delivered", *, sid: str = "SM" + "2" * 32, **more: str) -> dict[str, str]:
    return {"MessageSid": sid, "AccountSid": ACCOUNT, "MessageStatus": status, **more}


def test_a_genuine_text_is_kept_and_answered_with_nothing_to_say(world: World, provider: Provider) -> None:
    answer = provider.call(SMS, a_text("¿Puedo venir más tarde? 🙂"))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    assert answer.text == '<?xml version="1.0" encoding="UTF-8"?><Response/>'
    assert world.count("inbound") == 1


def test_a_text_brought_twice_is_kept_once(world: World, provider: Provider) -> None:
    answers = [provider.call(SMS, a_text()).status_code for _ in range(2)]
    assert (answers, world.count("inbound")) == ([200, 200], 1)


def test_a_receipt_replayed_is_kept_once_and_another_status_beside_it(world: World, provider: Provider) -> None:
    told = [a_receipt("sent"), a_receipt("delivered"), a_receipt("delivered"), a_receipt("sent")]
    assert [provider.call(STATUS, fields).status_code for fields in told] == [204] * 4
    assert world.count("receipt") == 2


@pytest.mark.parametrize("path", [SMS, STATUS])
@pytest.mark.parametrize("signature", [None, "", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="])
def test_a_forged_callback_is_refused_and_changes_nothing(
    world: World, provider: Provider, path: str, signature: str | None
) -> None:
    before = everything(world)
    assert provider.call_with(path, a_text() | a_receipt(), signature).status_code == 403
    assert everything(world) == before


def test_a_signature_of_another_token_host_or_path_is_refused(browser: Browser) -> None:
    for stranger in (
        Provider(browser, auth_token="a token of somebody else"),
        Provider(browser, public_url="https://elsewhere.example"),
        Provider(browser, public_url="http://reminders.example"),
    ):
        assert stranger.call(SMS, a_text()).status_code == 403
    ours = Provider(browser)
    fields = a_receipt()
    assert ours.call_with(STATUS, fields, ours.sign(STATUS.replace("8d7f", "8d7e"), fields)).status_code == 403


def test_the_host_of_the_request_does_not_matter_only_the_configured_address(provider: Provider) -> None:
    for headers in ({"host": "10.0.0.7:8000"}, {"x-forwarded-host": "evil.example", "x-forwarded-proto": "http"}):
        assert provider.call(SMS, a_text(), **headers).status_code == 200


def test_parameters_cut_differently_are_refused_though_their_signature_holds(world: World, provider: Provider) -> None:
    fields = a_text("STOP")
    signature = provider.sign(SMS, fields)
    cut = {"Bod": "ySTOP", **{name: value for name, value in fields.items() if name != "Body"}}
    assert provider.sign(SMS, cut) == signature, "the attack this test is about"
    assert provider.call_with(SMS, cut, signature).status_code == 403
    assert world.count("inbound") == 0


def test_parameters_moved_into_the_address_are_refused(provider: Provider) -> None:
    moved = f"{SMS}?AccountSid={ACCOUNT}"
    fields = {name: value for name, value in a_text().items() if name != "AccountSid"}
    assert provider.call(moved, fields).status_code == 403


def test_blank_fields_and_spaces_belong_to_the_signature(world: World, provider: Provider) -> None:
    assert provider.call(SMS, a_text("  C \n", FromCity="", ToState="", OptOutType="")).status_code == 200
    assert world.count("inbound") == 1


def test_a_callback_with_a_query_is_verified_with_it(provider: Provider) -> None:
    assert provider.call(f"{STATUS}?note=a%20b%2Fc", a_receipt()).status_code == 204


def test_the_callback_of_another_account_is_refused(provider: Provider) -> None:
    assert provider.call(SMS, a_text() | {"AccountSid": "AC" + "b" * 32}).status_code == 403


def test_a_receipt_with_a_tag_that_is_none_is_verified_first_then_kept(world: World, browser: Browser) -> None:
    provider = Provider(browser)
    path = "/hooks/twilio/status/not-a-tag"
    assert provider.call_with(path, a_receipt(), "forged").status_code == 403
    assert provider.call(path, a_receipt()).status_code == 204
    assert world.count("receipt") == 1


def test_a_status_that_is_new_to_us_is_kept_and_answered(world: World, provider: Provider) -> None:
    assert provider.call(STATUS, a_receipt("teleported")).status_code == 204
    assert world.count("receipt") == 1


@pytest.mark.parametrize("path", [SMS, STATUS])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_hooks_take_posts_only(browser: Browser, path: str, method: str) -> None:
    answer = browser.ask(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("path", ["/hooks/twilio/", "/hooks/twilio/voice", f"{STATUS}/", f"{STATUS}/more", f"{SMS}/"])
def test_there_are_no_other_hooks(browser: Browser, path: str) -> None:
    assert browser.ask("POST", path, form=a_receipt()).status_code == 404


def test_a_form_hook_refuses_json(browser: Browser) -> None:
    headers = {"content-type": "application/json", "X-Twilio-Signature": "x"}
    assert browser.ask("POST", SMS, body=b'{"Body": "STOP"}', headers=headers).status_code == 403


def test_a_body_larger_than_any_callback_is_refused_before_it_is_read(world: World, provider: Provider) -> None:
    assert provider.call(SMS, a_text("x" * 70_000)).status_code == 413
    assert world.count("inbound") == 0


def test_without_a_configured_provider_callbacks_are_put_off(world: World, tmp_path: Path) -> None:
    provider = Provider(Browser(some_app(world, tmp_path, has_hooks=False)))
    assert provider.call(SMS, a_text()).status_code == 503
    assert provider.call(STATUS, a_receipt()).status_code == 503


def test_while_the_database_is_down_the_provider_is_asked_to_come_again(world: World, tmp_path: Path) -> None:
    world.change(store=Store(f"sqlite:///{tmp_path / 'empty.sqlite3'}", Vault(["x" * 40])))
    provider = Provider(Browser(some_app(world, tmp_path)))
    with capture_logs() as lines:
        answers = [provider.call(SMS, a_text("my secret words")), provider.call(STATUS, a_receipt())]
    assert [answer.status_code for answer in answers] == [503, 503]
    assert "sqlite" not in answers[0].text.lower()
    assert [line["event"] for line in lines].count("hook.not_kept") == 2


def test_logs_of_callbacks_name_the_route_and_never_what_came(provider: Provider) -> None:
    """A receipt that was kept is a row and counted, and has no line; one that was refused has."""
    with capture_logs() as lines:
        provider.call(SMS, a_text("my secret words"))
        provider.call_with(SMS, a_text("my secret words"), "forged")
        provider.call(STATUS, a_receipt())
        provider.call_with(STATUS, a_receipt(), "forged")
    told = repr(lines)
    assert "secret words" not in told
    assert "+1202" not in told
    assert [(line["route"], line["status"]) for line in lines if line["event"] == "web.request"] == [
        (SMS, 200),
        (SMS, 403),
        ("/hooks/twilio/status/{tag}", 403),
    ]
