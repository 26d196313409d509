# Each target is one line that calls scripts/; CI calls these and nothing else.
.PHONY: build demo test storm bench-tracer bench-reader test-matrix e2e-rabbitmq

build:
	scripts/setup && scripts/build-native

demo:
	scripts/setup && scripts/demo

bench-tracer:
	scripts/setup && scripts/bench tracer

bench-reader:
	scripts/setup && scripts/bench reader

test:
	scripts/setup && scripts/test

storm:
	scripts/setup && scripts/storm

test-matrix:
	scripts/setup && scripts/build-native && scripts/test-matrix

e2e-rabbitmq:
	scripts/setup && scripts/build-native && rebar3 compile && tests/e2e/rabbitmq/run
