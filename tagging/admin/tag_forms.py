"""The forms by which people say what names of tags mean."""

from __future__ import annotations

from collections.abc import Mapping

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tagging.admin.tag_sight import Person, nameable
from tagging.curation import vocabulary
from tagging.models import Tag
from tagging.models.tag import slug_of


def refuse_hidden(name: str, names: QuerySet[Tag]) -> None:
    """Raise VocabularyError for a name that is stored, but not for this person to know; it reads as typed."""
    slug = slug_of(name)
    if Tag.objects.filter(slug=slug).exists() and not names.filter(slug=slug).exists():
        raise vocabulary.VocabularyError(gettext("%(name)s cannot be given here; ask a superuser.") % {"name": name})


class ConfirmForm(forms.Form):
    """Nothing but a yes."""


class MergeForm(forms.Form):
    into = forms.CharField(
        label=_("Merge into"),
        help_text=_(
            "The name of the tag that stays. It may be an alias of a chosen tag: then the alias becomes the tag, "
            "and the tag its alias. Nothing is merged before you have seen what happens."
        ),
        widget=forms.TextInput(attrs={"list": "tag-names", "autocomplete": "off"}),
    )

    def __init__(
        self, data: Mapping[str, object] | None, sources: list[Tag], names: QuerySet[Tag], into: str = ""
    ) -> None:
        """names: those that the person may know of."""
        super().__init__(data, initial={"into": into})
        self.sources, self.names = sources, names

    def clean_into(self) -> Tag:
        named = vocabulary.stored(self.cleaned_data["into"], self.names)
        if not named:
            raise forms.ValidationError(
                gettext("There is no such tag. Choose one of the names suggested, or look it up in the list of tags.")
            )
        target = named.alias_of if named.alias_of and named.alias_of not in self.sources else named
        try:
            for source in self.sources:
                vocabulary.refuse_to_merge(source, target, self.sources)
        except vocabulary.VocabularyError as error:
            raise forms.ValidationError(str(error)) from error
        return target


class AliasForm(forms.Form):
    name = forms.CharField(
        label=_("Alias"),
        help_text=_("A name under which no tag is stored yet. Case and punctuation make no other name."),
    )

    # The tag that has this name already: it can be merged instead.
    existing: Tag | None = None

    def __init__(self, data: Mapping[str, object] | None, tag: Tag, names: QuerySet[Tag]) -> None:
        """names: those that the person may know of."""
        super().__init__(data)
        self.tag, self.names = tag, names

    def clean_name(self) -> str:
        try:
            name = vocabulary.checked(self.cleaned_data["name"])
            refuse_hidden(name, self.names)
            self.existing = self.found(name)
            vocabulary.refuse_alias(self.tag, name)
        except vocabulary.VocabularyError as error:
            raise forms.ValidationError(str(error)) from error
        return name

    def found(self, name: str) -> Tag | None:
        """Return the tag that bears this name, or which the lexicon reads it as, unless it is the one at hand."""
        named = vocabulary.stored(name, self.names)
        return named if named and self.tag.pk not in (named.pk, named.alias_of_id) and not named.alias_of_id else None


class TagForm(forms.ModelForm):
    # Who fills it in: see `TagAdmin.get_form`.
    person: Person

    class Meta:
        model = Tag
        fields = ["name", "kind"]
        help_texts = {
            "name": _("It stays as you spell it, for all. Where it is another name, the old one becomes its alias."),
            "kind": _("What the tag is, for example a language or a tool. Once you change it here, it stays so."),
        }

    def clean_name(self) -> str:
        try:
            name = vocabulary.checked(self.cleaned_data["name"])
            refuse_hidden(name, nameable(Tag.objects.all(), self.person))
            vocabulary.refuse_to_rename(self.instance, name)
        except vocabulary.VocabularyError as error:
            raise forms.ValidationError(str(error)) from error
        return name
