"""Hostile input: what people and programs send that no page of ours ever asks for."""

MEGABYTE = 2**20


def sign(text):
    return text.encode("utf-8", "surrogatepass")


# Values for one field, as bytes on the wire.
VALUES = {
    "empty": b"",
    "space": b" \t\r\n",
    "NUL": b"\x00",
    "NUL inside": b"no\x00ne",
    "control": bytes(range(1, 32)),
    "escape": b"\x1b[31mred\x1b[0m",
    "delete and C1": sign("\x7f\x80\x9f"),
    "%FF": b"\xff",
    "half a sign": b"caf\xc3",
    "overlong slash": b"\xc0\xaf",
    "lone surrogate": b"\xed\xa0\x80",
    "surrogates the wrong way round": b"\xed\xb0\x80\xed\xa0\x80",
    "surrogate pair": b"\xed\xa0\xbd\xed\xb8\x80",
    "no character": sign("\ufffe\uffff\U0010ffff"),
    "replacement": sign("\ufffd"),
    "byte order marks": sign("\ufeff\ufeff"),
    "UTF-16": "none".encode("utf-16"),
    "latin-1": "señal".encode("latin-1"),
    "bidi": sign("\u202e\u2066none\u2069\u202c"),
    "right to left": sign("لا شيء \u200f"),
    "zero width": sign("no\u200b\u200d\u2060ne"),
    "combining": b"e" + sign("\u0301") * 500,
    "flags and families": sign("🇺🇸👩‍👩‍👧‍👦🦶🏽"),
    "dotless i": sign("ıİſ"),
    "full width": sign("ｎｏｎｅ＝１"),
    "line separators": sign("a\u2028b\u2029c\x85d"),
    "formula": b"=cmd|' /C calc'!A0",
    "formula with plus": b"+1+1",
    "formula at": b"@SUM(1+1)",
    "formula after tab": b"\t=1+1",
    "template": b"{{7*7}}{% load static %}{{ settings.SECRET_KEY }}",
    "format": b"%s%s%n{0.__class__}",
    "script": b"<script>alert(1)</script>",
    "attribute": b"\" autofocus onfocus=alert(1) x='",
    "entity": b"&#0;&lt;&unknown;",
    "link": b"javascript:alert(1)",
    "data link": b"data:text/html;base64,PHNjcmlwdD4=",
    "SQL": b"' OR 1=1; DROP TABLE triage_answer; --",
    "LIKE": b"%_%\\",
    "pattern": b"(((((a+)+)+)+)+$",
    "broken pattern": b"(",
    "up": b"../../../../etc/passwd",
    "up, encoded": b"..%2f..%252f",
    "%00": b"%00",
    "device": b"CON",
    "address": b"//example.org/",
    "address with a backslash": b"/\\example.org",
    "broken address": b"http://[",
    "long host": b"https://" + b"a" * 300 + b".example/",
    "header": b"x\r\nSet-Cookie: staff=1\r\n\r\n<html>",
    "2^31": b"2147483648",
    "2^63": b"9223372036854775808",
    "30 digits": b"9" * 30,
    "4301 digits": b"9" * 4301,
    "minus one": b"-1",
    "not a number": b"NaN",
    "infinite": b"1e999",
    "Arabic digits": sign("١٢٣"),
    "JSON": b'{"$ne": null}',
    "null": b"null",
    "list": b"['none', 'none']",
    "pickle": b"cos\nsystem\n(S'true'\ntR.",
    "dunder": b"__proto__",
    "lookup": b"reference__startswith",
    "underscore code": b"_5F_00_2F",
    "50 signs": b"a" * 50,
    "1,001 signs": b"a" * 1001,
    "60 kB": b"a" * 60_000,
    "60 kB of signs": sign("語") * 20_000,
    "1 MB": b"a" * MEGABYTE,
}
SHORT = {
    name: value for name, value in VALUES.items() if len(value) < 4000
}  # what fits an address or a header

FORM = "application/x-www-form-urlencoded"
PART = b'--x\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'


def multipart(*parts, end=b"--x--\r\n"):
    return b"".join(PART % part for part in parts) + end


# Whole bodies: content type and bytes.
BODIES = {
    "3 MB": (FORM, b"note=" + b"a" * 3 * MEGABYTE),
    "1,001 fields": (FORM, b"&".join(b"f%d=1" % number for number in range(1001))),
    "1,001 times one field": (FORM, b"&".join([b"health=none"] * 1001)),
    "ampersands": (FORM, b"&" * 60_000),
    "no name": (FORM, b"=none&==&;"),
    "NUL in a name": (FORM, b"%00=none&age%00=16-or-over"),
    "no type": ("", b"age=16-or-over"),
    "odd type": ("\x00/\xff", b"age=16-or-over"),
    "JSON": ("application/json", b'{"age": "16-or-over"}'),
    "deep JSON": ("application/json", b"[" * 50_000),
    "XML": ("application/xml", b'<!DOCTYPE x [<!ENTITY a "&a;&a;">]><x>&a;</x>'),
    "no boundary": ("multipart/form-data", multipart((b"age", b"", b"1"))),
    "empty boundary": ("multipart/form-data; boundary=", multipart((b"age", b"", b"1"))),
    "long boundary": ("multipart/form-data; boundary=" + "x" * 5000, multipart((b"age", b"", b"1"))),
    "boundary of other signs": ("multipart/form-data; boundary=\xfc\x00", multipart((b"age", b"", b"1"))),
    "another boundary": ("multipart/form-data; boundary=y", multipart((b"age", b"", b"1"))),
    "cut off": ("multipart/form-data; boundary=x", multipart((b"age", b"", b"1"), end=b"--x\r\nCont")),
    "no name in a part": ("multipart/form-data; boundary=x", b"--x\r\n\r\nvalue\r\n--x--\r\n"),
    "a file": ("multipart/form-data; boundary=x", multipart((b"note", b'; filename="a.txt"', b"a"))),
    "a big file": (
        "multipart/form-data; boundary=x",
        multipart((b"note", b'; filename="a.bin"', b"a" * 3 * MEGABYTE)),
    ),
    "two files": (
        "multipart/form-data; boundary=x",
        multipart((b"a", b'; filename="../a"', b"a"), (b"b", b'; filename="\x00"', b"b")),
    ),
    "1,001 parts": (
        "multipart/form-data; boundary=x",
        multipart(*((b"f%d" % number, b"", b"1") for number in range(1001))),
    ),
    "broken base64": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="note"\r\n'
        b"Content-Transfer-Encoding: base64\r\n\r\n%%%\r\n--x--\r\n",
    ),
}
# Django reads a form in the encoding that it names.
CHARSETS = (
    "utf-7",
    "utf-16",
    "utf-32",
    "unicode_escape",
    "raw_unicode_escape",
    "punycode",
    "idna",
    "hex",
    "rot13",
)
CHARSETS += ("base64", "undefined", "mbcs", "no-such-encoding", "latin-1", "utf-8-sig", "UTF-8")
for charset in CHARSETS:
    for name in (b"note", b"username", b"name"):
        BODIES[f"{name.decode()} in {charset}"] = (
            f"multipart/form-data; boundary=x; charset={charset}",
            multipart((name, b"", rb"\ud800\x00 +2AA- xn--zzz"), (b"password", b"", rb"\ud800")),
        )
    BODIES[f"form in {charset}"] = (
        f"{FORM}; charset={charset}",
        rb"username=\ud800&password=+2AA-&note=%5cud800",
    )

# What Django cannot read while it makes the request itself.
TYPES = (f"{FORM}; charset*=utf-8''%00", f"{FORM}; x*=no-such-encoding'en'y", f"{FORM}; charset=\x00")

# Header fields that a page might look at.
HEADERS = ("Host", "Accept-Language", "Accept-Encoding", "Accept", "Referer", "Origin", "User-Agent")
HEADERS += ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Requested-With", "Range")
HEADERS += ("If-Modified-Since", "If-None-Match", "X-CSRFToken", "Content-Encoding", "X-HTTP-Method-Override")
COOKIES = ("visit", "room", "staff", "csrf", "language", "messages", "no-such-cookie")
COOKIE_VALUES = {
    "octal NUL": r'"\000\000\000\000\000\000\000\000\000"',
    "octal high": r'"\777\677"',
    "quotes": '"' * 999,
    "long": "x" * 4000,
    "languages": "en-" * 500,
    "signed": "W10:1abcde:" + "x" * 43,
    "equals": "====;;;;==",
}
