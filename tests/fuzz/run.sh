#!/bin/sh
# run.sh TARGET SECONDS: fuzzes one target with the stable compiler.
set -eu
target=$1
seconds=$2
here=$(cd "$(dirname "$0")" && pwd)
traces=$here/../../native/ctf/tests/fixtures/ust-mixed
corpus=${CORPUS:-$here/corpus}/$target
mkdir -p "$corpus"
case $target in
    tsdl) cp "$traces/metadata" "$corpus/ust-mixed" ;;
    packets) cp "$traces/c_1" "$corpus/ust-mixed" ;;
    index) cp "$traces/index/c_1.idx" "$corpus/ust-mixed" ;;
    json) printf '{"type":"preamble","version":2}\n\036{"type":"trace-class"}\n\036{"type":"data-stream-class"}\n\036{"type":"event-record-class","name":"e","payload-field-class":{"type":"structure","member-classes":[{"name":"n","field-class":{"type":"fixed-length-unsigned-integer","length":8,"byte-order":"little-endian","alignment":8}},{"name":"s","field-class":{"type":"dynamic-length-string","length-field-location":{"origin":"event-record-payload","path":["n"]}}}]}}\n' > "$corpus/minimal" ;;
    live) printf '\000\000\000\000\000\000\000\005\000\000\000\002\000\000\000\015\000\000\000\001' > "$corpus/greeting" ;;
    *) echo "no target $target" >&2; exit 2 ;;
esac
cd "$here"
host=$(rustc -vV | sed -n 's/^host: //p')
# Coverage and sanitizer flags are the ones that cargo-fuzz sets; --target keeps them off build scripts.
export RUSTC_BOOTSTRAP=1
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares -Zsanitizer=address -Cdebug-assertions -Ccodegen-units=1"
cargo build --release --target "$host" --bin "$target"
exec "${CARGO_TARGET_DIR:-$here/target}/$host/release/$target" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=512 "$corpus"
