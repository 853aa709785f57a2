"""The form of a dev-log: its entry with its author, and its tags as a person sets them and takes them off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget
from django.db import transaction
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devlogs.forms import EntryField
from devlogs.models import DevLog
from tagging.curation import edits
from tagging.curation.vocabulary import NameRefusedError
from tagging.extraction.names import MAX_NAME
from tagging.models import Job

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.forms.renderers import BaseRenderer

    Attributes = dict[str, Any] | None


class NameInput(forms.TextInput):
    """A name, with some to choose from."""

    known: Sequence[str] = ()

    def render(
        self, name: str, value: object, attrs: Attributes = None, renderer: BaseRenderer | None = None
    ) -> SafeString:
        attrs = {**(attrs or {}), "list": f"{name}-known", "autocomplete": "off"}
        options = format_html_join("", '<option value="{}"></option>', ((known,) for known in self.known))
        field = super().render(name, value, attrs, renderer)
        return format_html('{}<datalist id="{}-known">{}</datalist>', field, name, options)


class CarriedField(forms.MultipleChoiceField):
    """Tags to be chosen, by their slugs; one that is gone meanwhile is no error."""

    widget = forms.CheckboxSelectMultiple

    def valid_value(self, value: object) -> bool:
        return True


class DevLogForm(forms.ModelForm):
    entry = EntryField(label=gettext_lazy("Entry"), widget=AdminTextareaWidget)
    # Compared with what the page showed: a form of before must not make public what was made private since.
    is_private = forms.BooleanField(
        label=gettext_lazy("private"),
        required=False,
        show_hidden_initial=True,
        help_text=gettext_lazy("Its text never leaves this machine."),
    )

    class Meta:
        model = DevLog
        fields = ["entry", "author", "is_private"]

    def clean_entry(self) -> str:
        """Keep an untouched entry exactly as it is stored, whatever the browser made of its newlines."""
        return self.cleaned_data["entry"] if "entry" in self.changed_data else self.instance.entry

    def clean_author(self) -> object:
        """Refuse an author who has another dev-log under its external id."""
        author, external_id = self.cleaned_data["author"], self.instance.external_id
        others = DevLog.objects.filter(author=author, external_id=external_id).exclude(pk=self.instance.pk)
        if external_id is not None and others.exists():
            told = _("This author has a dev-log with the external id %(id)s already.")
            raise forms.ValidationError(told % {"id": external_id})
        return author

    @cached_property
    def fields_written(self) -> list[str]:
        """Return which of the dev-log's own fields were changed."""
        return [name for name in self.changed_data if name in DevLogForm.Meta.fields]


class TaggedForm(DevLogForm):
    """The form of a dev-log that is there, and so carries tags."""

    add_tag = forms.CharField(
        label=gettext_lazy("Set a tag"),
        required=False,
        max_length=MAX_NAME,
        widget=NameInput,
        help_text=gettext_lazy("No tagging takes it away, and none brings back what you take off."),
    )
    remove_tags = CarriedField(label=gettext_lazy("Take tags off"), required=False)

    # Names to choose from when a tag is set.
    suggested: Sequence[str] = ()

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        carried = [(each.tag.slug, each.tag.name) for each in self.instance.taggings.select_related("tag")]
        if "remove_tags" in self.fields:  # not for who may only look
            self.fields["remove_tags"].widget.choices = carried
            self.fields["add_tag"].widget.known = self.suggested

    def clean_add_tag(self) -> str:
        """Refuse here what setting the tag would refuse: it is set, and taken back."""
        text: str = self.cleaned_data["add_tag"]
        if text:
            try:
                with transaction.atomic():
                    self.set_tags(None, add=text)
                    transaction.set_rollback(True)
            except (NameRefusedError, edits.FullError) as error:
                raise forms.ValidationError(str(error)) from error
        return text

    def save_tags(self, person: User) -> None:
        """Do to the tags what was asked; no words of them are noted."""
        self.set_tags(person, self.cleaned_data["remove_tags"], self.cleaned_data["add_tag"])

    def set_tags(self, person: User | None, remove: Iterable[str] = (), add: str = "") -> None:
        if not (remove or add):
            return
        # Until the transaction ends no worker settles it.
        list(Job.objects.filter(pk=self.instance.pk).select_for_update().values_list("pk"))
        for slug in remove:
            edits.remove(self.instance, slug, person)
        if add:
            edits.add(self.instance, add, person)
