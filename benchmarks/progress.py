"""What a person sees while minutes pass: which benchmark does what, since when. Results go to standard output, this beside."""

import sys
import time

_began = time.monotonic()


def say(words: str) -> None:
    print(f"[{time.monotonic() - _began:5.0f} s] {words}", file=sys.stderr, flush=True)
