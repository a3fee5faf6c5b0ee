import httpx
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from reminders.simulator import Simulator, SimulatorSettings
from reminders.simulator.texts import NOTICES, Keyword
from tests.simulator.conftest import ACCOUNT, SENDER, TOKEN
from tests.simulator.service import Service

ANA = "+15005550101"
MG = "MG" + "0c" * 16


def screen(simulator: Simulator, phone: str = ANA) -> list[str]:
    return [text.body for text in simulator.texts if text.handset == phone]


def test_a_text_reaches_the_service_signed_with_its_blank_fields(simulator: Simulator, service: Service) -> None:
    received = simulator.text_from(ANA, " I am late, 10 min ")
    assert (received.is_posted, received.webhook_status) == (True, 200)
    (post,) = service.posts
    assert RequestValidator(TOKEN).validate(post.url, post.params, post.signature)
    assert post.params["Body"] == " I am late, 10 min "
    assert (post.params["From"], post.params["To"], post.params["AccountSid"]) == (ANA, SENDER, ACCOUNT)
    assert (post.params["FromCity"], post.params["NumMedia"], post.params["NumSegments"]) == ("", "0", "1")
    assert post.params["MessageSid"] == post.params["SmsSid"] == received.sid
    without_blanks = {name: value for name, value in post.params.items() if value}
    assert not RequestValidator("another token").validate(post.url, post.params, post.signature)
    assert RequestValidator(TOKEN).compute_signature(post.url, without_blanks) != post.signature


def test_the_twiml_reply_is_shown_on_the_phone(simulator: Simulator, service: Service) -> None:
    service.answer = "<Response><Message>Thank you</Message><Message><Body>See you</Body></Message></Response>"
    assert simulator.text_from(ANA, "C").replies == ("Thank you", "See you")
    assert screen(simulator) == ["C", "Thank you", "See you"]


@pytest.mark.parametrize("answer", ["<Response/>", "<html>oops", "<Other/>", ""])
def test_an_empty_or_unreadable_answer_shows_nothing(simulator: Simulator, service: Service, answer: str) -> None:
    service.answer = answer
    assert simulator.text_from(ANA, "C").replies == ()


def test_a_reply_goes_to_whoever_wrote_last(twilio: Client, simulator: Simulator, service: Service) -> None:
    twilio.messages.create(to=ANA, messaging_service_sid=MG, body="Hello")
    simulator.settle()
    simulator.text_from(ANA, "C")
    assert service.posts[-1].params["MessagingServiceSid"] == MG


@pytest.mark.parametrize("word", ["STOP", "stop", " Stop ", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "StopAll"])
def test_an_opt_out_word_ends_texts_at_the_provider_and_still_tells_the_service(
    twilio: Client, simulator: Simulator, service: Service, word: str
) -> None:
    service.answer = "<Response><Message>We are sorry</Message></Response>"
    received = simulator.text_from(ANA, word)
    assert received.replies == (NOTICES[Keyword.STOP],)
    assert service.posts[-1].params["Body"] == word
    with pytest.raises(TwilioRestException) as raised:
        twilio.messages.create(to=ANA, from_=SENDER, body="See you")
    assert (raised.value.status, raised.value.code) == (400, 21610)
    assert simulator.messages == []


def test_more_than_the_word_is_no_opt_out_for_the_provider(twilio: Client, simulator: Simulator) -> None:
    assert simulator.text_from(ANA, "STOP please").keyword is None
    assert twilio.messages.create(to=ANA, from_=SENDER, body="See you").status == "queued"


def test_with_a_service_an_opted_out_phone_fails_later(twilio: Client, simulator: Simulator) -> None:
    simulator.text_from(ANA, "STOP")
    created = twilio.messages.create(to=ANA, messaging_service_sid=MG, body="See you")
    assert created.status == "accepted"
    simulator.settle()
    fetched = twilio.messages(str(created.sid)).fetch()
    assert (fetched.status, fetched.error_code) == ("failed", 21610)


@pytest.mark.parametrize("word", ["START", "Yes", "UNSTOP"])
def test_an_opt_in_word_opens_the_phone_again(
    twilio: Client, simulator: Simulator, service: Service, word: str
) -> None:
    simulator.text_from(ANA, "STOP")
    assert simulator.text_from(ANA, word).replies == (NOTICES[Keyword.START],)
    assert [post.params["Body"] for post in service.posts] == ["STOP", word]
    assert twilio.messages.create(to=ANA, from_=SENDER, body="See you").status == "queued"


def test_yes_from_a_phone_that_never_opted_out_is_an_ordinary_text(simulator: Simulator, service: Service) -> None:
    assert simulator.text_from(ANA, "YES").replies == ()
    assert [post.params["Body"] for post in service.posts] == ["YES"]


def test_help_is_answered_by_the_provider_alone(simulator: Simulator, service: Service) -> None:
    received = simulator.text_from(ANA, "Help")
    assert (received.is_posted, received.replies) == (False, (NOTICES[Keyword.HELP],))
    assert service.posts == []


def test_with_advanced_opt_out_the_service_hears_every_keyword(service: Service) -> None:
    settings = SimulatorSettings(
        account_sid=ACCOUNT, auth_token=TOKEN, inbound_url=service.url, has_advanced_opt_out=True
    )
    with Simulator(settings) as simulator:
        for word in ("HELP", "STOP", "START", "C"):
            simulator.text_from(ANA, word)
    assert [post.params.get("OptOutType") for post in service.posts] == ["HELP", "STOP", "START", None]


def test_a_text_that_the_service_refuses_stays_on_the_phone(simulator: Simulator, service: Service) -> None:
    service.statuses = [403]
    assert simulator.text_from(ANA, "C").webhook_status == 403
    assert screen(simulator) == ["C"]


def test_texts_can_be_typed_by_a_program(http: httpx.Client, service: Service) -> None:
    service.answer = "<Response><Message>Noted</Message></Response>"
    answer = http.post("/control/text", json={"from": ANA, "body": "R", "to": "+15005550009"}).json()
    assert (answer["webhook_status"], answer["replies"]) == (200, ["Noted"])
    assert service.posts[-1].params["To"] == "+15005550009"
