#!/usr/bin/env python3
"""A host of dockertest: two subtests, and nothing needed but Python."""
import json, os, signal, subprocess, sys, threading

stopped, why = threading.Event(), []

def say(message, **fields):
    print(json.dumps({message: fields}), flush=True)

def ending(verdict, reason=""):
    return {"verdict": verdict, "reason": reason, "seconds": 0}

def listen():  # While a subtest runs: the runner may want it to stop, or be gone.
    for line in sys.stdin:
        why.append(json.loads(line)["cancel"]["reason"])
        stopped.set()
    os.killpg(0, signal.SIGKILL)  # We lead a group of our own, so this ends our children too.

def client(options, request):  # Two sub-subtests: does the client say by its exit status what it thinks of a command?
    failed = []
    for name, word, good in [("version", "--version", True), ("nonsense", "no-such-command", False)]:
        if name in (request.get("subsubtests") or [name]):
            say("subsubtest-started", subsubtest=name)
            status = subprocess.run([options["docker_path"], word], stdout=2, stdin=subprocess.DEVNULL).returncode
            verdict = "GOOD" if (status == 0) == good else "FAIL"
            failed += [name] * (verdict == "FAIL")
            say("subsubtest-ended", subsubtest=name, ending=ending(verdict, f"`{word}` exits with {status}"))
    return ("FAIL", "failed: " + ", ".join(failed)) if failed else ("GOOD", "")

def patience(options, request):  # Waits, unless it is asked to stop.
    return ("ABORT", why[0]) if stopped.wait(float(options["patience"])) else ("GOOD", "")

SUBTESTS = {"python/client": client, "python/patience": patience}

def run(name):
    try:
        request = json.loads(sys.stdin.readline())["run"]
        if request["protocol"] != 1:
            raise ValueError("another protocol")
        subtest = SUBTESTS[name]
    except (ValueError, KeyError) as problem:
        return "ERROR", f"nothing that this host can run: {problem!r}"
    threading.Thread(target=listen, daemon=True).start()
    if "cleanup" in request["mode"]:
        return "GOOD", ""  # Nothing of ours outlives us.
    say("phase", phase="run_once")
    return subtest({option: setting["value"] for option, setting in request["section"]["settings"].items()}, request)

say("hello", **{"protocol": 1, "api-version": "0.9.0", "program": "example-host 1.0"})
if sys.argv[1] == "list":
    say("subtest", name="python/client", summary="Checks exit statuses", subsubtests=["version", "nonsense"])
    say("subtest", name="python/patience", summary="Waits for a while")
    say("config", file="host.ini", text="[python/patience]\n# How long it waits, in seconds.\npatience = 0.1\n")
    say("listed", subtests=2)
else:
    say("ended", **ending(*run(sys.argv[2])))
os._exit(0)  # Without waiting for whoever listens.
