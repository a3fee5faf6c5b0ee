"""Whose ride a clinic accepts, for all its sessions or for one type of them."""

from __future__ import annotations

import pytest

from reminders.core.cadences import DEFAULT_CADENCE
from reminders.core.errors import ClinicFileError
from reminders.core.transport import RidePolicy
from tests.core.test_clinic_document import cadence_of, read


def test_a_ride_policy_of_the_clinic_holds_for_every_type_that_names_none() -> None:
    assert cadence_of(read()).ride_policy is RidePolicy.ADULT_PRESENT
    assert cadence_of(read(ride_policy="hire_ok")).ride_policy is RidePolicy.HIRE_OK
    clinic = read(
        ride_policy="hire_ok",
        cadence={"long": {"ride_policy": "adult_or_escorted_hire"}, "short": {"arrive_early_minutes": 5}},
    )
    policies = [clinic.cadence(kind).ride_policy for kind in ("long", "short", "other")]
    assert policies == [RidePolicy.ADULT_OR_ESCORTED_HIRE, RidePolicy.HIRE_OK, RidePolicy.HIRE_OK]
    assert clinic.cadence("other").steps == DEFAULT_CADENCE.steps


@pytest.mark.parametrize("found", ["taxi", 3, None, ["hire_ok"], True])
def test_a_ride_policy_that_we_do_not_know_is_a_fault(found: object) -> None:
    for document, path in (
        ({"ride_policy": found}, "clinic.ride_policy"),
        ({"cadence": {"*": {"ride_policy": found}}}, "clinic.cadence.*.ride_policy"),
    ):
        with pytest.raises(ClinicFileError) as error:
            read(**document)
        (fault,) = error.value.faults
        assert fault.startswith(f"{path}: found ")
        assert fault.endswith("one of these is wanted: adult_present, adult_or_escorted_hire, hire_ok")
