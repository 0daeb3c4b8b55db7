import os
from pathlib import Path

import pytest

from kit.algorithms import AES256GCM, SHA256, SM3, SM4GCM, SUITES, CipherAlgorithm, Suite
from kit.crypto import (
    INTERNATIONAL,
    NATIONAL,
    CannotOpen,
    KeyMissing,
    KeyRing,
    Provider,
    digest_of,
    same_digest,
)

KEYS = {f"{purpose}1": os.urandom(32) for purpose in ("kek", "index", "file")}


@pytest.fixture(params=list(SUITES.values()), ids=list(SUITES))
def suite(request: pytest.FixtureRequest) -> Suite:
    found: Suite = request.param
    return found


@pytest.fixture
def provider(suite: Suite) -> Provider:
    return Provider(suite, KeyRing(KEYS))


def test_published_vectors() -> None:
    assert SHA256.digest(b"abc").hex().startswith("ba7816bf8f01cfea")
    # GB/T 32905-2016, appendix A.1
    assert SM3.digest(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


def test_sm4_gcm_opens_the_vector_of_rfc_8998() -> None:
    key = bytes.fromhex("0123456789abcdeffedcba9876543210")
    nonce = bytes.fromhex("00001234567800000000abcd")
    context = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    plain = b"".join(bytes([n]) * 8 for n in (0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF, 0xEE, 0xAA))
    sealed = bytes.fromhex(
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
        "83de3541e4c2b58177e065a9bf7b62ec"
    )
    assert SM4GCM.open(key, nonce + sealed, context) == plain


@pytest.mark.parametrize("cipher", [AES256GCM, SM4GCM], ids=lambda c: c.name)
@pytest.mark.parametrize("plain", [b"", b"x", os.urandom(5000)], ids=len)
def test_any_changed_byte_is_noticed(cipher: CipherAlgorithm, plain: bytes) -> None:
    key = os.urandom(cipher.key_bytes)
    sealed = cipher.seal(key, plain, b"c")
    assert cipher.open(key, sealed, b"c") == plain
    assert cipher.seal(key, plain, b"c") != sealed
    for place in {0, 11, 12, len(sealed) // 2, len(sealed) - 1}:
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(CannotOpen):
            cipher.open(key, bytes(changed), b"c")
    for short in (b"", sealed[:27], sealed[:-1]):
        with pytest.raises(CannotOpen):
            cipher.open(key, short, b"c")


def test_a_persons_envelope(provider: Provider) -> None:
    key = provider.new_data_key()
    sealed = provider.seal(key, "张三".encode(), "envelope|s1")
    again = provider.unwrap(provider.wrap(key, "s1"), "s1")
    assert provider.open(again, sealed, "envelope|s1").decode() == "张三"
    assert sealed.startswith(f"{provider.suite.cipher.name}:dek:".encode())
    assert provider.wrap(key, "s1").startswith(f"{provider.suite.cipher.name}:kek1:".encode())
    assert key.key.hex() not in repr(key)
    assert str(key.key) not in repr(key)


def test_nothing_opens_in_anothers_place(provider: Provider) -> None:
    one, other = provider.new_data_key(), provider.new_data_key()
    sealed = provider.seal(one, b"x", "envelope|s1")
    with pytest.raises(CannotOpen):
        provider.open(other, sealed, "envelope|s1")
    with pytest.raises(CannotOpen):
        provider.open(one, sealed, "envelope|s2")
    with pytest.raises(CannotOpen):
        provider.unwrap(provider.wrap(one, "s1"), "s2")
    with pytest.raises(CannotOpen):
        provider.open(one, provider.seal_under("file", b"x", "envelope|s1"), "envelope|s1")


@pytest.mark.parametrize("text", [b"", b"x", b"rot13:kek1:xx", b"aes256gcm:kek1", "密:kek1:x".encode()])
def test_foreign_bytes(provider: Provider, text: bytes) -> None:
    with pytest.raises(CannotOpen):
        provider.open_under(text, "c")


def test_a_change_of_suite_or_key_leaves_the_old_readable(suite: Suite) -> None:
    other = NATIONAL if suite is INTERNATIONAL else INTERNATIONAL
    before = Provider(suite, KeyRing(KEYS))
    key = before.new_data_key()
    wrapped, sealed = before.wrap(key, "s1"), before.seal(key, b"x", "c")
    after = Provider(other, KeyRing(KEYS | {"kek2": os.urandom(32), "kek10": os.urandom(32)}))
    assert after.open(after.unwrap(wrapped, "s1"), sealed, "c") == b"x"
    assert after.wrap(key, "s1").startswith(f"{other.cipher.name}:kek10:".encode())
    without = Provider(other, KeyRing({"kek2": os.urandom(32)}))
    with pytest.raises(KeyMissing):
        without.unwrap(wrapped, "s1")


def test_the_blind_index(provider: Provider) -> None:
    index = provider.blind_index("id", "53269919500101001X")
    assert index.startswith(f"hmac-{provider.suite.digest.name}:index1:")
    assert index == provider.blind_index("id", "53269919500101001X")
    others = [
        provider.blind_index("account", "53269919500101001X"),
        provider.blind_index("id", "532699194305120029"),
        Provider(provider.suite, KeyRing({"index1": os.urandom(32)})).blind_index("id", "53269919500101001X"),
    ]
    assert len({index, *others}) == 4
    rotated = Provider(provider.suite, KeyRing(KEYS | {"index2": os.urandom(32)}))
    assert rotated.blind_index("id", "53269919500101001X") != index
    assert rotated.blind_index("id", "53269919500101001X", "index1") == index


def test_digests_name_their_algorithm(provider: Provider) -> None:
    text = provider.digest(b"abc")
    assert text == digest_of(b"abc", provider.suite.digest.name)
    assert same_digest(b"abc", text)
    assert not same_digest(b"abd", text)
    assert not same_digest(b"abc", "md5:900150983cd24fb0d6963f7d28e17f72")


def test_key_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAOHU_PROFILE", "production")
    monkeypatch.setenv("DAOHU_KEY_DIR", str(tmp_path))
    with pytest.raises(KeyMissing):
        KeyRing.from_environment(["kek"])
    monkeypatch.setenv("DAOHU_PROFILE", "development")
    ring = KeyRing.from_environment(["kek"])
    assert (tmp_path / "kek1.key").stat().st_mode & 0o777 == 0o600
    sealed = Provider(INTERNATIONAL, ring).seal_under("kek", b"x", "c")
    monkeypatch.setenv("DAOHU_PROFILE", "production")
    (tmp_path / "kek2.key").write_text(os.urandom(32).hex() + "\n")
    later = KeyRing.from_environment(["kek"])
    assert later.current("kek") == "kek2"
    assert Provider(INTERNATIONAL, later).open_under(sealed, "c") == b"x"
    with pytest.raises(KeyMissing):
        later.current("index")
    monkeypatch.delenv("DAOHU_KEY_DIR")
    with pytest.raises(KeyMissing):
        KeyRing.from_environment(["kek"])


@pytest.mark.parametrize("keys", [{"kek": b"x" * 32}, {"kek0": b"x" * 32}, {"kek1": b"x" * 31}])
def test_malformed_rings(keys: dict[str, bytes]) -> None:
    with pytest.raises(ValueError, match="needed"):
        KeyRing(keys)
