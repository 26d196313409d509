# Each target is one line that calls scripts/; CI calls these and nothing else.
.PHONY: build demo test storm bench-tracer bench-faults bench-reader test-matrix test-corpus e2e-rabbitmq soak-taps soak-live fuzz

build:
	scripts/setup && scripts/build-native

demo:
	scripts/setup && scripts/demo

bench-tracer:
	scripts/setup && scripts/bench tracer

bench-faults:
	scripts/setup && scripts/bench faults

bench-reader:
	scripts/setup && scripts/bench reader

test:
	scripts/setup && scripts/test

storm:
	scripts/setup && scripts/storm

test-matrix:
	scripts/setup && scripts/build-native && scripts/test-matrix

test-corpus:
	scripts/setup && scripts/test-corpus

e2e-rabbitmq:
	scripts/setup && scripts/build-native && rebar3 compile && tests/e2e/rabbitmq/run && scripts/lttng-sandbox rebar3 ct --dir tests/erlang --suite beamtap_toggle_SUITE --case observer_cli_itself

soak-taps:
	scripts/setup && scripts/build-native && BEAMTAP_CYCLES=200 scripts/lttng-sandbox rebar3 ct --dir tests/erlang --suite beamtap_fault_SUITE --case many_taps

soak-live:
	scripts/setup && scripts/soak-live

fuzz:
	scripts/setup && scripts/fuzz
