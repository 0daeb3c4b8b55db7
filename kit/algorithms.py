"""The primitives behind the crypto provider, by the name each ciphertext, digest and code carries: the
international suite (AES-256-GCM, SHA-256) and the national one (SM4-GCM, SM3; GB/T 32907, 32905)."""

import hashlib
import hmac
import os
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES = 12
TAG_BYTES = 16


class CannotOpen(Exception):
    """A ciphertext that was changed, cut, sealed under another key or for another context."""


@dataclass(frozen=True, slots=True)
class CipherAlgorithm:
    """An authenticated cipher. `seal(key, plaintext, context)` gives nonce + ciphertext + tag."""

    name: str
    key_bytes: int
    seal: Callable[[bytes, bytes, bytes], bytes]
    open: Callable[[bytes, bytes, bytes], bytes]


@dataclass(frozen=True, slots=True)
class DigestAlgorithm:
    """A digest with its keyed code and its key derivation (HKDF, RFC 5869)."""

    name: str
    digest: Callable[[bytes], bytes]
    mac: Callable[[bytes, bytes], bytes]
    derive: Callable[[bytes, bytes, int], bytes]


@dataclass(frozen=True, slots=True)
class Suite:
    """What one deployment writes with; it reads whatever a name says."""

    name: str
    cipher: CipherAlgorithm
    digest: DigestAlgorithm


def _aes_seal(key: bytes, plaintext: bytes, context: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plaintext, context)


def _aes_open(key: bytes, sealed: bytes, context: bytes) -> bytes:
    if len(sealed) < NONCE_BYTES + TAG_BYTES:
        raise CannotOpen
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context)
    except InvalidTag:
        raise CannotOpen from None


def _sm4_seal(key: bytes, plaintext: bytes, context: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    encryptor = Cipher(algorithms.SM4(key), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(context)
    return nonce + encryptor.update(plaintext) + encryptor.finalize() + encryptor.tag


def _sm4_open(key: bytes, sealed: bytes, context: bytes) -> bytes:
    if len(sealed) < NONCE_BYTES + TAG_BYTES:
        raise CannotOpen
    nonce, body, tag = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:-TAG_BYTES], sealed[-TAG_BYTES:]
    decryptor = Cipher(algorithms.SM4(key), modes.GCM(nonce, tag)).decryptor()
    decryptor.authenticate_additional_data(context)
    try:
        return decryptor.update(body) + decryptor.finalize()
    except InvalidTag:
        raise CannotOpen from None


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _sha256_mac(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha256")


def _sha256_derive(key: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, None, info).derive(key)


def _sm3(data: bytes) -> bytes:
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


def _sm3_mac(key: bytes, data: bytes) -> bytes:
    code = HMAC(key, hashes.SM3())
    code.update(data)
    return code.finalize()


def _sm3_derive(key: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SM3(), length, None, info).derive(key)


AES256GCM = CipherAlgorithm("aes256gcm", 32, _aes_seal, _aes_open)
SM4GCM = CipherAlgorithm("sm4gcm", 16, _sm4_seal, _sm4_open)
SHA256 = DigestAlgorithm("sha256", _sha256, _sha256_mac, _sha256_derive)
SM3 = DigestAlgorithm("sm3", _sm3, _sm3_mac, _sm3_derive)

CIPHERS = {cipher.name: cipher for cipher in (AES256GCM, SM4GCM)}
DIGESTS = {digest.name: digest for digest in (SHA256, SM3)}
INTERNATIONAL = Suite("international", AES256GCM, SHA256)
NATIONAL = Suite("national", SM4GCM, SM3)
SUITES = {suite.name: suite for suite in (INTERNATIONAL, NATIONAL)}
SUITE_VARIABLE = "DAOHU_CRYPTO"


def configured() -> Suite:
    """The suite that this deployment writes with: DAOHU_CRYPTO=international (unless set) or national.

    Raises ValueError for another word: nobody shall believe to be using what they are not.
    """
    name = os.environ.get(SUITE_VARIABLE, INTERNATIONAL.name)
    if name not in SUITES:
        raise ValueError(f"{SUITE_VARIABLE}: one of {', '.join(SUITES)}")
    return SUITES[name]
