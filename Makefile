# Each target is one line that calls scripts/; CI calls these and nothing else.
.PHONY: demo test test-matrix build

build:
	scripts/setup && scripts/build-native

demo:
	scripts/setup && scripts/demo

test:
	scripts/setup && scripts/test
