"""Identifiers as types, so that one kind cannot be handed in for another."""

from __future__ import annotations

from typing import NewType
from uuid import UUID

ClinicId = NewType("ClinicId", UUID)
PatientId = NewType("PatientId", UUID)
ContactId = NewType("ContactId", UUID)
AppointmentId = NewType("AppointmentId", UUID)
ReminderId = NewType("ReminderId", UUID)
MessageId = NewType("MessageId", UUID)
AttemptTag = NewType("AttemptTag", UUID)
"""Random (version 4): it travels in a callback address and must not be guessable."""
InboundId = NewType("InboundId", UUID)
TaskId = NewType("TaskId", UUID)
StaffId = NewType("StaffId", UUID)
SessionId = NewType("SessionId", UUID)
"""Of a staff member's signed-in browser, never of a patient's visit."""
ApiKeyId = NewType("ApiKeyId", UUID)
BatchId = NewType("BatchId", UUID)
LinkId = NewType("LinkId", UUID)
