"""Consent, receipts, categories and the walk through a form, without a database."""

from typing import Any

import pytest

from services.application.domain import (
    CONSENT_TEXTS,
    CURRENT_CONSENT,
    ApplicationState,
    Channel,
    category_code,
    consent_digest,
    may_list,
    may_refuse,
    receipt_of,
    request_digest,
    signature_digest,
    texts_of,
)

PUBLISHED = {"1": "sha256:ef6cb19edc86f18f311d52e842bcbf3504e71d468e7244c80163cfcad97083cd"}


def test_a_published_wording_never_changes() -> None:
    assert {version: consent_digest(version) for version in CONSENT_TEXTS} == PUBLISHED
    assert CURRENT_CONSENT in CONSENT_TEXTS and consent_digest("none") is None


def test_a_signature_belongs_to_one_application_and_wording() -> None:
    base = signature_digest("a", "t", "name")
    assert base == signature_digest("a", "t", " name ")
    assert len({base, signature_digest("b", "t", "name"), signature_digest("a", "u", "name")}) == 3


def test_a_request_is_named_by_content_not_by_order() -> None:
    assert request_digest({"a": 1, "b": 2}) == request_digest({"b": 2, "a": 1}) != request_digest({"a": 1})


def test_receipt_names_project_day_and_application() -> None:
    assert receipt_of("11810", "2023-05-09", "0a1b2c3d-4e5f-6789-abcd-ef0123456789") == (
        "11810-20230509-0A1B2C3D4E5F"
    )


@pytest.mark.parametrize(
    "categories",
    [{"low": "低保"}, {"low": {"name": "低保"}}, [{"code": "low", "name": "低保"}]],
)
def test_categories_by_code_or_name(categories: Any) -> None:
    for manifest in ({"categories": categories}, {"project": {"categories": categories}}):
        assert category_code(manifest, "low") == category_code(manifest, "低保") == "low"
        assert category_code(manifest, "高") is None


def test_categories_as_a_list_of_names_or_none_at_all() -> None:
    assert category_code({"categories": ["低保"]}, "低保") == "低保"
    assert category_code({}, "anything") == "anything"


def test_every_text_of_a_form_is_walked_and_keys_are_not_repeated() -> None:
    form = {"a": ["x", {"b": 5}], "c": True, "d": None, "e": 1.5}
    found = list(texts_of(form, ""))
    assert ("/a/0", "x") in found and ("/a/1/b", "5") in found
    assert {pointer for pointer, text in found if text in form} == {"/*"}
    assert ("", "12") in list(texts_of("１２", ""))


def test_intake_ends_once() -> None:
    assert [may_list(state) for state in ApplicationState] == [True, True, False, False]
    assert [may_refuse(state) for state in ApplicationState] == [True, False, True, False]


def test_channels_have_the_manuals_words() -> None:
    assert {channel.label for channel in Channel} >= {"小程序申报", "线下"}
