"""What can be told of regular expressions by their structure."""

import importlib
import pkgutil
import re
from re import _constants as constants
from re import _parser as parser

REPEATS = (constants.MAX_REPEAT, constants.MIN_REPEAT)


def patterns_of(package):
    """Return all patterns that a package's modules hold, in whatever they hold them."""
    modules = [
        importlib.import_module(f"{package.__name__}.{each.name}") for each in pkgutil.iter_modules(package.__path__)
    ]
    return {pattern for module in modules for value in vars(module).values() for pattern in _within(value)}


def _within(value):
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, list | tuple | dict):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _within(each)


def has_nested_repeat(pattern):
    """Say whether a repeat without a bound stands inside of another one."""
    return _nests(parser.parse(pattern.pattern, pattern.flags), inside=False)


def _nests(node, inside):
    if isinstance(node, parser.SubPattern):
        return any(_nests(each, inside) for each in node)
    if isinstance(node, tuple) and len(node) == 2 and node[0] in REPEATS:
        is_unbounded = node[1][1] is constants.MAXREPEAT
        return (is_unbounded and inside) or _nests(node[1][2], inside or is_unbounded)
    if isinstance(node, list | tuple):
        return any(_nests(each, inside) for each in node)
    return False
