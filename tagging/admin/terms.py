"""Terms in the admin: staff teach the extractors and the model the names of their house."""

from django.contrib import admin, messages
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext

from tagging.admin.kinds import KindAdmin, KindFilter
from tagging.curation.terms import overruled
from tagging.models import Term


@admin.register(Term)
class TermAdmin(KindAdmin):
    list_display = ["name", "kind_name", "aliases", "is_everyday", "changed_at"]
    list_filter = [("kind", KindFilter), "is_everyday"]
    search_fields = ["name", "aliases"]
    fields = ["name", "is_everyday", "aliases", "kind"]
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def save_model(self, request: HttpRequest, obj: Term, form: ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if lost := overruled(obj):
            what = gettext("%(term)s is taken for your own from now on, no longer for %(others)s.")
            self.message_user(request, what % {"term": obj, "others": ", ".join(lost)}, messages.WARNING)
