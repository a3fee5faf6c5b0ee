"""Clinic files: TOML, one clinic a file, each under the table `[clinic]`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reminders.core.errors import ClinicFileError

LARGEST = 1_000_000


def read_clinic_files(path: Path) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the `[clinic]` table of a file, or of every `*.toml` of a folder, with the file's name.

    Raises ClinicFileError with a line for every file that cannot be read.
    """
    files = sorted(path.glob("*.toml")) if path.is_dir() else [path]
    found: list[tuple[str, Mapping[str, Any]]] = []
    faults: list[str] = []
    for file in files:
        try:
            found.append((file.name, _read(file)))
        except ClinicFileError as error:
            faults += error.faults
    if not files:
        faults.append(f"{path}: found no *.toml file in this folder; one for each clinic is wanted")
    if faults:
        raise ClinicFileError(faults)
    return found


def _read(file: Path) -> Mapping[str, Any]:
    try:
        if file.stat().st_size > LARGEST:
            raise ClinicFileError([f"{file}: larger than {LARGEST} bytes; a clinic file is a page of text"])
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ClinicFileError([f"{file}: cannot be read ({error.strerror}); name a readable TOML file"]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ClinicFileError([f"{file}: not TOML in UTF-8: {error}"]) from None
    clinic = document.get("clinic")
    if not isinstance(clinic, dict):
        raise ClinicFileError([f"{file}: found no [clinic] table; it holds slug, sender, timezone and phone"])
    return clinic
