"""Rows that the worker writes: people look at them."""

from django.http import HttpRequest


class Unchangeable:
    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class ReadOnly(Unchangeable):
    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False
