"""Every page of the admin, and the API's description, in a real browser."""

import pytest
from django.contrib import admin
from django.urls import reverse

from tests.browser.looks import check

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)


def lists() -> list[str]:
    return [reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist") for model in MODELS]


@pytest.mark.parametrize("address", ["/admin/", *lists()])
def test_a_list_of_the_admin_shows_no_fault(enter, address):
    page = enter("boss")
    page.goto(address)

    check(page)


@pytest.mark.parametrize("address", lists())
def test_a_form_of_the_admin_shows_no_fault(enter, address):
    page = enter("boss")
    page.goto(address)
    rows = page.locator("#result_list tbody th a")
    forms = [f"{address}add/"] if page.locator(".object-tools .addlink").count() else []
    forms += [rows.first.get_attribute("href")] if rows.count() else []

    for form in forms:
        page.goto(form)
        check(page)
