"""One drift scan of a channel's snapshot, as a program of its own: `python -m benchmarks.scan CHANNEL FILE` prints
{"seconds": ..., "drifted": ..., "left": ...}."""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import django

CHUNK = 1 << 18


def main(channel_id: int, path: Path) -> dict[str, float]:
    from connectors import ports
    from connectors.models import Connection
    from integrationhub.inventory import drift
    from integrationhub.inventory.flows import scanning
    from integrationhub.inventory.models import DriftScan

    channel = Connection.objects.select_related("brand").get(pk=channel_id)
    began = time.perf_counter()
    scan = DriftScan.objects.create(channel=channel, began_at=ports.now())
    drift.load(channel, _chunks(path))
    scanning.end(channel, scan)
    return {"seconds": time.perf_counter() - began, "drifted": scan.drifted, "left": scan.left}


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


if __name__ == "__main__":
    django.setup()
    print(json.dumps(main(int(sys.argv[1]), Path(sys.argv[2]))))
