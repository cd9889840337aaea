"""Guesses passwords on many connections until its standard input ends, then tells what it was answered, as JSON.

A process of its own, as guessers are elsewhere: in the patients' process it would be that one which makes them wait.
"""

from __future__ import annotations

import http.client
import json
import random
import re
import sys
import threading
from collections import Counter
from urllib.parse import urlencode

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


def guess(port: int, over: threading.Event, told: Counter[int], seed: str) -> None:
    """A name and a password after the other, each from another address."""
    draw = random.Random(seed)
    while not over.is_set():
        # As nginx sees it, and as Footpath does where it is asked by itself.
        address = "127." + ".".join(str(draw.randrange(1, 255)) for _part in range(3))
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=30, source_address=(address, 0))
        headers = {"X-Forwarded-For": address}
        try:
            line.request("GET", "/admin/login/", headers=headers)
            page = line.getresponse()
            cookie = (page.headers.get("Set-Cookie") or "").partition(";")[0]
            token = TOKEN.search(page.read().decode())
            form = {
                "username": f"name{draw.randrange(10**6)}",
                "password": "x",
                "csrfmiddlewaretoken": token[1] if token else "",
            }
            headers |= {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
            line.request("POST", "/admin/login/", urlencode(form), headers)
            answer = line.getresponse()
            answer.read()
            told[answer.status] += 1
        except (OSError, http.client.HTTPException):
            told[0] += 1
        line.close()


def main(port: int, connections: int, seed: int) -> None:
    over, told = threading.Event(), Counter[int]()
    guessers = [
        threading.Thread(target=guess, args=(port, over, told, f"{seed} {number}"), daemon=True)
        for number in range(connections)
    ]
    for guesser in guessers:
        guesser.start()
    sys.stdin.read()
    over.set()
    print(json.dumps(told))
