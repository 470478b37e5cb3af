"""Reads one packet a line as JSON; answers with the bytes that python-subunit makes of it, and with what it reads in ours."""

import datetime
import io
import json
import sys

from subunit.v2 import ByteStreamToStreamResult, StreamResultToBytes

UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)
NAMES = [None, "exists", "inprogress", "success", "uxsuccess", "skip", "fail", "xfail"]


class Events:
    def __init__(self):
        self.events = []

    def status(self, test_id=None, test_status=None, test_tags=None, runnable=True, file_name=None, file_bytes=None,
               eof=False, mime_type=None, route_code=None, timestamp=None):
        micros = None if timestamp is None else (timestamp - EPOCH) // datetime.timedelta(microseconds=1)
        self.events.append({
            "test": test_id, "status": NAMES.index(test_status), "tags": sorted(test_tags or []), "runnable": runnable,
            "file": file_name, "bytes": None if file_bytes is None else bytes(file_bytes).hex(), "eof": eof,
            "mime": mime_type, "route": route_code, "micros": micros,
        })


for line in sys.stdin:
    packet = json.loads(line)
    micros = packet["micros"]
    out = io.BytesIO()
    StreamResultToBytes(out).status(
        test_id=packet["test"], test_status=NAMES[packet["status"]], test_tags=packet["tags"],
        runnable=packet["runnable"], file_name=packet["file"],
        file_bytes=None if packet["file"] is None else bytes.fromhex(packet["bytes"]), eof=packet["eof"],
        mime_type=packet["mime"], route_code=packet["route"],
        timestamp=None if micros is None else EPOCH + datetime.timedelta(microseconds=micros))
    events = Events()
    ByteStreamToStreamResult(io.BytesIO(bytes.fromhex(packet["ours"])), "text").run(events)
    print(json.dumps({"hex": out.getvalue().hex(), "read": events.events}))
