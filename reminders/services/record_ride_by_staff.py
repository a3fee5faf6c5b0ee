"""Record a ride: what staff learned of the way home from one session, by phone or at the desk."""

from __future__ import annotations

from reminders.core.audit import Deed
from reminders.core.errors import ConflictError, NotFoundError
from reminders.core.ids import AppointmentId, PatientId
from reminders.core.labels import RIDES
from reminders.core.staff import Actor, Right
from reminders.core.transport import RideState
from reminders.services.arrange_rides import record_ride
from reminders.services.audit import note_patient
from reminders.services.deps import Deps
from reminders.store import appointments, patients


def record_ride_by_staff(
    deps: Deps, who: Actor, patient_id: PatientId, appointment_id: AppointmentId, *, version: int, state: RideState
) -> None:
    """Record what holds of the ride home from this version of a session to come.

    Raises NotFoundError for a session of nobody whom they may work with, ConflictError where it changed meanwhile.
    """
    now = deps.clock.now()
    with deps.store.transaction() as tx:
        clinic_id = patients.clinic_of(tx, patient_id)
        held = appointments.get_many(tx, [appointment_id]).get(appointment_id)
        if clinic_id is None or not who.may(Right.WORK, clinic_id) or held is None or held.patient_id != patient_id:
            raise NotFoundError(f"no session {appointment_id}")
        if held.version != version or not record_ride(tx, deps, held, state, now=now):
            raise ConflictError("the session changed meanwhile; look at it again")
        note_patient(tx, deps, who, Deed.RIDE_RECORDED, (clinic_id, patient_id), detail=RIDES[state])
