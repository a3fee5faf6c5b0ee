"""Encryption of the fields that name a person, and the blind index by which they are looked up.

AES-256-GCM for each field, with a random nonce, the key's id in front, and table, column and row as additional data,
so that a value copied to another row does not open (requirement 28 of the security list). The index is HMAC-SHA-256 of
the normalised value under a key of its own. It reveals equality and nothing else; since phone numbers can be
enumerated, its key is as secret as the data. Names are searched by numbers made likewise, under a third key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from reminders.core.errors import NotReadyError, SpoiledError

KEY_ID_BYTES = 4
NONCE_BYTES = 12
KEY_BYTES = 32
SEARCH_TOKEN_BYTES = 8
"""What fits a whole number of both databases. Two words that share one cost a name opened in vain."""


def _derive(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=b"reminders/" + purpose).derive(secret)


class Vault:
    """Seals and opens fields. The first secret writes; all of them read; the last one made the index and keeps it."""

    def __init__(self, secrets: Sequence[str]) -> None:
        """Take the installation's secrets, newest first."""
        raw = [secret.encode() for secret in secrets]
        self._ciphers = {self._key_id(secret): AESGCM(_derive(secret, b"fields")) for secret in raw}
        self._writing = self._key_id(raw[0])
        self._index_key = _derive(raw[-1], b"index")
        self._search_key = _derive(raw[-1], b"search")

    @staticmethod
    def _key_id(secret: bytes) -> bytes:
        return hashlib.sha256(b"key id " + _derive(secret, b"key id")).digest()[:KEY_ID_BYTES]

    def seal(self, field: str, row: UUID, text: str) -> bytes:
        """Encrypt the text of one field (`table.column`) of one row."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._ciphers[self._writing].encrypt(nonce, text.encode("utf-8", "surrogatepass"), _place(field, row))
        return self._writing + nonce + sealed

    def seal_optional(self, field: str, row: UUID, text: str | None) -> bytes | None:
        """Encrypt a text, or keep None."""
        return None if text is None else self.seal(field, row, text)

    def open(self, field: str, row: UUID, sealed: bytes) -> str:
        """Decrypt what `seal` made for the same field and row.

        Raises NotReadyError without the right key, and SpoiledError for a value that was changed or moved.
        """
        cipher = self._ciphers.get(sealed[:KEY_ID_BYTES])
        if cipher is None:
            raise NotReadyError("a stored field was written under another secret; set REMINDERS_SECRET_KEY to that one")
        nonce, body = sealed[KEY_ID_BYTES : KEY_ID_BYTES + NONCE_BYTES], sealed[KEY_ID_BYTES + NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, body, _place(field, row)).decode("utf-8", "surrogatepass")
        except InvalidTag:
            raise SpoiledError(f"a stored {field} does not open: it was changed or moved") from None

    def open_optional(self, field: str, row: UUID, sealed: bytes | None) -> str | None:
        """Decrypt a text, or keep None."""
        return None if sealed is None else self.open(field, row, sealed)

    def token(self, purpose: str, row: UUID) -> str:
        """Return a token for one purpose and row that only this installation can make, the same each time."""
        digest = hmac.digest(self._index_key, b"token/" + purpose.encode() + b"/" + row.bytes, "sha256")
        return base64.urlsafe_b64encode(digest[:24]).decode()

    def index(self, value: str) -> bytes:
        """Return the blind index of an address; letter case makes no difference."""
        return hmac.digest(self._index_key, value.strip().casefold().encode(), "sha256")

    def search_token(self, clinic: UUID, word: str) -> int:
        """Return the number under which those are kept whom a word of a search means at one clinic.

        Whoever steals the database without the secret sees which patients of a clinic share a number and how many do:
        somebody who knows how often names occur there can guess the most frequent beginnings (M, Mar, Gar), of whom
        some share them, and that two phones end alike. Not which word any other number is, nothing across clinics, and
        no whole name or phone: only beginnings and last digits are kept. That is taken for a search that opens a few
        names, not all. With the secret, names and phones open anyway.
        """
        named = clinic.bytes + word.encode("utf-8", "surrogatepass")
        return int.from_bytes(hmac.digest(self._search_key, named, "sha256")[:SEARCH_TOKEN_BYTES], signed=True)


def token_hash(token: str) -> bytes:
    """Return what is stored of a link's token; the token itself is only in the message (requirement 12)."""
    return hashlib.sha256(token.encode()).digest()


def _place(field: str, row: UUID) -> bytes:
    return field.encode() + b"." + row.bytes
