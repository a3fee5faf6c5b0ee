from __future__ import annotations
from dataclasses import replace
from datetime import timedelta
import pytest
from sqlalchemy import select
from reminders.ports import InboundText
from reminders.services import receive_replies as rr
from reminders.services.receive_replies import receive_replies, store_text
from reminders.services.escalate import climb
from reminders.services.send_ad_hoc import AdHocRequest, send_ad_hoc
from reminders.store import rows
from reminders.store.conversation_rows import escalation, check_in, inbound, question
from reminders.store.unit_of_work import Store
from tests.builders import NOON, a_booking, a_record, an_entry, local
from tests.services.alarm_cases import *
from tests.services.conversation_cases import (ALONE, ON_CALL, START, a_world, asked_how_they_are, asked_whether_they_come, asked_about_ride, is_confirmed, is_opted_out, last, new_texts, scores)
from tests.services.conversation_cases import CHAIN as ONE
from tests.world import PHONE, World, only, CLINIC

def dec(w): return [(r.intents, r.decision) for r in w.all(select(inbound).order_by(inbound.c.received_at))]

def test_ok_to_taken(sqlite_store):
    w = begun(sqlite_store, only("remind_confirm", escalation=[{"name": "A", "phone": FIRST}, {"name":"B","phone": SECOND}]))
    alarmed(w); send(w)
    later(w, 5*MINUTE)
    code1 = code(w)
    # second alarm of a stranger, told to both
    w.text("i want to kill myself", sender="+12025559999"); send(w)
    later(w, 5*MINUTE)
    print(hears(w, code1, FIRST)); send(w)
    print([ (s.text.to, s.text.body) for s in w.sms.sent])
    print(hears(w, "ok", SECOND))
    print([(r.code, r.acknowledged_at) for r in w.all(select(escalation))])
    assert 0

def test_shared_two_clinics_chain(sqlite_store):
    other = only("remind_confirm", escalation=ONE) | {"slug": "other", "sender": "Other"}
    w = World(sqlite_store, only("remind_confirm"), other)
    w.text("i want to kill myself", sender="+12025559999")
    w.pump()
    print([ (s.text.to, s.text.body) for s in w.sms.sent])
    assert 0

def test_score_two_patients(sqlite_store):
    w = a_world(sqlite_store, "checkin_24h", assume_fulfilled=True)
    w.sync(an_entry("A1", patient=a_record("P1", email=None), booking=a_booking(START)), an_entry("A2", patient=a_record("P2", name="Lee", email=None), booking=a_booking(START+timedelta(hours=3))))
    w.at(START + timedelta(hours=10))
    for t in ("pain is 9 today", "my pain is 9/10", "9/10"):
        w.text(t); print(dec(w)[-1], [(r.patient_id, r.score) for r in w.all(select(check_in))])
    assert 0

def test_stop_with_code(sqlite_store):
    w = begun(sqlite_store, CALLED)
    alarmed(w); send(w)
    for t in (f"STOP {code(w)}", "stop texting me i took 4711"):
        print(hears(w, t, FIRST))
    w.text(f"STOP texting me {code(w)}", sender=FIRST)
    print(dec(w), is_opted_out(w))
    w.text("basta ya", sender=FIRST)
    assert 0

def test_provider_stop_staff(sqlite_store):
    w = begun(sqlite_store, CALLED)
    store_text(w.deps, InboundText("SM1", FIRST, "+12025550100", "qwerty", 0, opt_out_type="STOP")); receive_replies(w.deps)
    print(dec(w), is_opted_out(w))
    w.text("my chest hurts and i cant breathe", sender=FIRST)
    print(dec(w)[-1], w.tasks())
    assert 0

def test_start_overtaken(sqlite_store):
    w = asked_whether_they_come(sqlite_store)
    w.text("STOP"); 
    w.later(MINUTE)
    store_text(w.deps, InboundText("SM1", PHONE, "+12025550100", "START", 0))
    w.later(MINUTE)
    store_text(w.deps, InboundText("SM2", PHONE, "+12025550100", "STOP", 0))
    ids = [r.id for r in w.all(select(inbound).where(inbound.c.handled_at.is_(None)).order_by(inbound.c.received_at))]
    for i in reversed(ids): rr._receive_one(w.deps, i)
    print(dec(w), is_opted_out(w))
    assert 0

def test_staff_question(sqlite_store):
    w = asked_whether_they_come(sqlite_store)
    w.later(MINUTE)
    send_ad_hoc(w.deps, AdHocRequest("Do you need a wheelchair?", "desk", "k1", patient_external_id="P1"))
    w.pump(); w.later(MINUTE)
    w.text("yes")
    print(dec(w), is_confirmed(w)); assert 0

def test_other_patients_upcoming(sqlite_store):
    w = a_world(sqlite_store, "checkin_24h", assume_fulfilled=True)
    w.sync(an_entry("A1", patient=a_record("P1", email=None), booking=a_booking(START)), an_entry("A2", patient=a_record("P2", name="Lee", email=None), booking=a_booking(START+timedelta(days=10))))
    w.at(START + timedelta(hours=10))
    w.text("my pain is 9/10"); print(dec(w)[-1], [(r.patient_id, r.score) for r in w.all(select(check_in))])
    assert 0

def test_late_register(sqlite_store):
    other = only("remind_confirm") | {"slug": "other", "sender": "Other"}
    w = World(sqlite_store, only("remind_confirm", escalation=ONE), other)
    w.sync(an_entry("A1", patient=ALONE, booking=a_booking(START)))
    w.text("STOP"); print([(r.clinic_id, r.opted_out_at) for r in w.all(select(rows.contact))])
    w.text("START"); print([(r.clinic_id, r.opted_out_at) for r in w.all(select(rows.contact))])
    assert 0

def test_loops(sqlite_store):
    w = asked_whether_they_come(sqlite_store)
    for _ in range(6):
        w.text("STOP"); w.text("START"); w.later(timedelta(seconds=10)); 
    print(len(new_texts(w)))
    for _ in range(6):
        w.text("HELP"); print(new_texts(w))
    assert 0
