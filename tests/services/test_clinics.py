from __future__ import annotations

from reminders.services.apply_clinics import BUILT_IN, apply_clinics, known_clinics
from tests.world import World

NORTH = {**BUILT_IN, "slug": "north", "sender": "North Clinic"}
SOUTH = {**BUILT_IN, "slug": "south", "sender": "South Clinic"}


def slugs(world: World) -> list[str]:
    return sorted(clinic.slug for clinic in known_clinics(world.deps))


def test_the_first_real_clinic_takes_the_place_of_the_built_in_one(world: World) -> None:
    before = slugs(world)
    apply_clinics(world.deps, [("built-in", BUILT_IN)])
    built_in = {clinic.slug: clinic.id for clinic in known_clinics(world.deps)}["clinic"]
    assert apply_clinics(world.deps, [("north.toml", NORTH)]) == ["north"]
    after = {clinic.slug: clinic for clinic in known_clinics(world.deps)}
    assert sorted(after) == sorted([*before, "north"])
    assert (after["north"].id, after["north"].sender) == (built_in, "North Clinic")


def test_a_second_clinic_does_not_replace_the_first(world: World) -> None:
    apply_clinics(world.deps, [("north.toml", NORTH)])
    apply_clinics(world.deps, [("south.toml", SOUTH)])
    assert {"north", "south"} <= set(slugs(world))


def test_the_same_file_twice_changes_nothing(world: World) -> None:
    apply_clinics(world.deps, [("north.toml", NORTH)])
    assert apply_clinics(world.deps, [("north.toml", NORTH)]) == []
