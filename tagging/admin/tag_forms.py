"""The forms by which people say what names of tags mean."""

from __future__ import annotations

from collections.abc import Mapping

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tagging.curation import vocabulary
from tagging.models import Tag


class ConfirmForm(forms.Form):
    """Nothing but a yes."""


class MergeForm(forms.Form):
    into = forms.CharField(
        label=_("Merge into"),
        help_text=_("Name or slug of the tag that stays. An alias of one chosen here may: the two are turned round."),
    )

    def __init__(self, data: Mapping[str, object] | None, sources: list[Tag], into: str = "") -> None:
        super().__init__(data, initial={"into": into})
        self.sources = sources

    def clean_into(self) -> Tag:
        named = vocabulary.stored(self.cleaned_data["into"])
        if not named:
            raise forms.ValidationError(gettext("There is no such tag."))
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

    def __init__(self, data: Mapping[str, object] | None, tag: Tag) -> None:
        super().__init__(data)
        self.tag = tag

    def clean_name(self) -> str:
        try:
            name = vocabulary.checked(self.cleaned_data["name"])
            self.existing = self.found(name)
            vocabulary.refuse_alias(self.tag, name)
        except vocabulary.VocabularyError as error:
            raise forms.ValidationError(str(error)) from error
        return name

    def found(self, name: str) -> Tag | None:
        """Return the tag that bears this name, or which the lexicon reads it as, unless it is the one at hand."""
        named = vocabulary.stored(name)
        return named if named and self.tag.pk not in (named.pk, named.alias_of_id) and not named.alias_of_id else None


class TagForm(forms.ModelForm):
    class Meta:
        model = Tag
        fields = ["name", "kind"]
        help_texts = {
            "name": _("It stays as you spell it, for all. Where it is another name, the old one becomes its alias."),
            "kind": _("The lexicon's, until you say another: then it stays as you say."),
        }

    def clean_name(self) -> str:
        try:
            name = vocabulary.checked(self.cleaned_data["name"])
            vocabulary.refuse_to_rename(self.instance, name)
        except vocabulary.VocabularyError as error:
            raise forms.ValidationError(str(error)) from error
        return name
