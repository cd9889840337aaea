"""Texts as every other program can hold them, and as they are read: from left to right or not, as their letters are."""

from __future__ import annotations

import re

UNREAD = "\ufffd"  # in place of a sign that cannot be read
LINE_ENDS = re.compile("[\v\f\x85\u2028\u2029]")
CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
# What turns the order of the letters after it, and what is no letter in any edition of Unicode.
TURNS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
NO_LETTERS = "".join(
    ["\ufdd0-\ufdef", *(f"{chr(plane << 16 | 0xFFFE)}{chr(plane << 16 | 0xFFFF)}" for plane in range(17))]
)
DROPPED = re.compile(f"[{TURNS}{NO_LETTERS}]")


def plain(text: str) -> str:
    """The text without what turns it around or what no dump, export or list can hold.

    What was a control sign stays visible as a sign that could not be read, so that whoever must have it can refuse it.
    """
    if text.isascii() and text.isprintable():
        return text
    return CONTROL.sub(UNREAD, LINE_ENDS.sub("\n", DROPPED.sub("", text)))


def one_line(text: str) -> str:
    return " ".join(plain(text).split())
