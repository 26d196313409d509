"""Measures the reader beside babeltrace2 on the same traces, in turns; called by scripts/bench.

    reader_bench.py EXAMPLES BEAMTAPD DIRECTORY

EXAMPLES has the programs bench and write_trace, BEAMTAPD is beamtapd, DIRECTORY takes the traces. Each figure is the
median of as many rounds as BENCH_ROUNDS says (5), in which every program has one turn; ratios are those of medians.
Memory is the most that a program had at a time, as the kernel told it last, some milliseconds before the end.
"""

import contextlib
import os
import statistics
import subprocess
import sys
import threading
import time

EXAMPLES, BEAMTAPD, DIRECTORY = sys.argv[1:]
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
THREADS = len(os.sched_getaffinity(0))
BENCH = os.path.join(EXAMPLES, "bench")

# Name, kind of write_trace, events, what is in it, rounds of text (babeltrace2's text takes seconds).
TRACES = [
    ("typed", "typed", 6_000_000, "two integers, 2 CPUs"),
    ("strings", "strings", 3_000_000, "OTP's own: two texts, 2 CPUs"),
    ("sequences", "sequences", 100_000, "256 integers each, 2 CPUs"),
    ("streams", "streams", 1_000_000, "two integers, 64 streams"),
]
TEXT = [("typed", 2_000_000), ("strings", 1_000_000), ("sequences", 20_000)]
LARGE_EVENTS = 66_000_000
ANALYSED_EVENTS = 6_000_000


def write_trace(name, kind, events):
    """Makes a trace unless it is there; gives its directory and the bytes of its streams."""
    path = os.path.join(DIRECTORY, name)
    if not os.path.exists(path):
        subprocess.run([os.path.join(EXAMPLES, "write_trace"), kind, str(events), path], check=True,
                       stdout=subprocess.DEVNULL)
    files = (os.path.join(path, file) for file in os.listdir(path) if file.startswith("channel"))
    return path, sum(map(os.path.getsize, files))


def watch(pid, is_over, peak):
    """Looks at the most memory that a process had, in MB, until it is over."""
    while not is_over.wait(0.01):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/status", encoding="ascii") as status:
            peak.extend(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))


def run(command):
    """Runs a program to its end without output; gives its seconds and the most memory that it had, in MB."""
    null = (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)
    is_over, peak = threading.Event(), [0.0]
    begin = time.perf_counter()
    pid = os.posix_spawnp(command[0], command, os.environ, file_actions=[null])
    watcher = threading.Thread(target=watch, args=(pid, is_over, peak))
    watcher.start()
    _, status = os.waitpid(pid, 0)
    seconds = time.perf_counter() - begin
    is_over.set()
    watcher.join()
    if status != 0:
        sys.exit(f"{' '.join(command)}: status {os.waitstatus_to_exitcode(status)}")
    return seconds, peak[-1]


def measure(commands, rounds):
    """Medians of all programs' seconds, and their most memory."""
    taken = [[] for _ in commands]
    for _ in range(rounds):
        for command, results in zip(commands, taken):
            results.append(run(command))
    return [(statistics.median(s for s, _ in results), max(m for _, m in results)) for results in taken]


def found(what, path, *rest):
    """What the program bench finds, and the seconds that it says it took."""
    output = subprocess.run([BENCH, what, path, *rest], check=True, capture_output=True, text=True).stdout.split()
    return int(output[0]), float(output[1])


def agree(path, events):
    """Both readers must see the events that were written."""
    output = subprocess.run(["babeltrace2", "--component=sink.utils.counter", path], check=True, capture_output=True,
                            text=True).stdout
    # It counts aloud; the last count is the whole.
    theirs = [int(line.split()[0]) for line in output.splitlines() if line.endswith("Event messages")][-1]
    ours = [found("values", path, *threads)[0] for threads in ([], ["1"], [str(THREADS)])]
    if {theirs, *ours} != {events}:
        sys.exit(f"{path}: {events} events written, babeltrace2 read {theirs}, we read {ours}")


def table(title, heads, rows):
    rows = [heads, *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(heads))]
    print(f"\n{title}")
    for row in rows:
        print("  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:]))]).rstrip())
    sys.stdout.flush()


def rate(events, seconds):
    return f"{events / seconds / 1e6:.2f} M/s"


def dummy(path):
    return ["babeltrace2", "--component=sink.utils.dummy", path]


def text(path):
    return ["babeltrace2", path], *lines(path)


def lines(path, *form):
    """Lines on one thread and on all."""
    return tuple([BEAMTAPD, "read", *form, "--threads", str(threads), path] for threads in (1, THREADS))


def values():
    rows = []
    for name, kind, events, what in TRACES:
        path, size = write_trace(name, kind, events)
        agree(path, events)
        (theirs, their_mb), (merged, merged_mb), (one, _), (many, many_mb) = measure(
            [dummy(path), *([BENCH, "values", path, *threads] for threads in ([], ["1"], [str(THREADS)]))], ROUNDS)
        rows.append([f"{name}: {what}", f"{events / 1e6:g} M", rate(events, theirs), f"{their_mb:.0f} MB",
                     rate(events, merged), f"{size / merged / 1e6:.0f} MB/s", f"{theirs / merged:.1f}",
                     rate(events, one), f"{theirs / one:.1f}", rate(events, many), f"{one / many:.2f}",
                     f"{max(merged_mb, many_mb):.0f} MB"])
    heads = ["every field of every event", "events", "babeltrace2 dummy", "memory", "in order", "bytes", "ratio",
             "by packet", "ratio", f"{THREADS} threads", "to one", "memory"]
    table("Decoding to values: one thread in the order of time; by packet on one thread and on all", heads, rows)


def texts():
    rows = []
    for name, events in TEXT:
        path, _ = write_trace(f"text-{name}", name, events)
        (their_s, their_mb), (one_s, one_mb), (many_s, many_mb), (json_s, _), (jsons_s, json_mb) = measure(
            [*text(path), *lines(path, "--json")], max(ROUNDS - 2, 1))
        rows.append([name, f"{events / 1e6:g} M", rate(events, their_s), f"{their_mb:.0f} MB", rate(events, one_s),
                     f"{their_s / one_s:.1f}", rate(events, many_s), f"{one_s / many_s:.2f}", rate(events, json_s),
                     rate(events, jsons_s), f"{json_s / jsons_s:.2f}", f"{max(one_mb, many_mb, json_mb):.0f} MB"])
    heads = ["lines to /dev/null", "events", "babeltrace2", "memory", "beamtapd read", "ratio", f"{THREADS} threads",
             "to one", "JSON", f"{THREADS} threads", "to one", "memory"]
    table("Text and JSON: one thread and all", heads, rows)


def analyses():
    """What the commands that analyse a trace take beside reading it: a trace of beamtap's calls."""
    path, _ = write_trace("analysed", "typed", ANALYSED_EVENTS)
    metadata = os.path.join(path, "metadata")
    with open(metadata, encoding="utf-8") as file:
        text_of_metadata = file.read()
    # The name that beamtap's events have.
    with open(metadata, "w", encoding="utf-8") as file:
        file.write(text_of_metadata.replace("_process;", "_pid;"))
    commands = {"values in order": [BENCH, "values", path], "beamtapd info": [BEAMTAPD, "info", path],
                "beamtapd report": [BEAMTAPD, "report", path]}
    measured = measure(list(commands.values()), ROUNDS)
    rows = [[name, rate(ANALYSED_EVENTS, seconds), f"{seconds / measured[0][0]:.1f}", f"{mb:.0f} MB"]
            for name, (seconds, mb) in zip(commands, measured)]
    table(f"Analyses of {ANALYSED_EVENTS / 1e6:g} M calls and returns",
          ["one thread", "events", "to values", "memory"], rows)


def large():
    path, size = write_trace("large", "typed", LARGE_EVENTS)
    (theirs, their_mb), (one, one_mb), (many, many_mb) = measure(
        [dummy(path), [BENCH, "values", path], [BENCH, "values", path, str(THREADS)]], 1)
    quick = {what: statistics.median(found(what, path)[1] for _ in range(ROUNDS)) for what in ("first", "overview")}
    (one_text_s, one_text_mb), (text_s, text_mb) = map(run, lines(path))
    rows = [
        ["babeltrace2's dummy sink", f"{theirs:.2f} s", f"{their_mb:.0f} MB"],
        ["values in order, one thread", f"{one:.2f} s", f"{one_mb:.0f} MB"],
        [f"values by packet, {THREADS} threads", f"{many:.2f} s", f"{many_mb:.0f} MB"],
        ["text, beamtapd read, one thread", f"{one_text_s:.2f} s", f"{one_text_mb:.0f} MB"],
        [f"text, beamtapd read, {THREADS} threads", f"{text_s:.2f} s", f"{text_mb:.0f} MB"],
        ["first event", f"{quick['first'] * 1e3:.1f} ms", ""],
        ["overview in 1000 stretches, from the index", f"{quick['overview'] * 1e3:.1f} ms", ""],
    ]
    table(f"A trace of {size / 1e9:.2f} GB, {LARGE_EVENTS / 1e6:g} M events", ["", "time", "memory"], rows)


values()
texts()
analyses()
large()
