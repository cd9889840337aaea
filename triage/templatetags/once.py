"""Parts of a page that are the same for everybody, made once per process and language."""

from __future__ import annotations

from collections.abc import Mapping

from django import template
from django.template import Context, Node, NodeList
from django.template.base import FilterExpression, Parser, Token, token_kwargs
from django.utils.safestring import SafeString
from django.utils.translation import get_language

register = template.Library()

MOST = 1000  # ways to show one part are kept; then it is begun anew, with those that are asked for now


class Once(Node):
    child_nodelists = ()  # no block of a page is inside: Django, which looks for them on every page, need not look

    def __init__(self, nodelist: NodeList, values: Mapping[str, FilterExpression]) -> None:
        self.nodelist, self.values = nodelist, values
        self.made: dict[tuple[object, ...], SafeString] = {}

    def render(self, context: Context) -> SafeString:
        values = {name: value.resolve(context) for name, value in self.values.items()}
        key = (get_language(), *map(_key, values.values()))
        html = self.made.get(key)  # once: another thread may begin anew at any moment
        if html is not None:
            return html
        # Made from what it names alone: nothing of one person's can get into another's page.
        html = self.nodelist.render(context.new(values))
        if len(self.made) >= MOST:
            self.made.clear()
        self.made[key] = html
        return html


def _key(value: object) -> object:
    """The value itself, or where that is no key, all that it says of itself."""
    try:
        hash(value)
    except TypeError:
        return repr(value)
    return value


@register.tag
def once(parser: Parser, token: Token) -> Once:
    """`{% once number=clinic.phone %}…{% endonce %}`: made once for each value of what it names, and sees no more."""
    values = token_kwargs(token.split_contents()[1:], parser)
    nodelist = parser.parse(("endonce",))
    parser.delete_first_token()
    return Once(nodelist, values)
